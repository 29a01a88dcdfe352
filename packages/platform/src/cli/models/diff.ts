import { AppError, type JsonValue, type RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { ModelVersion } from '../../registry/index.ts'
import type { Cli } from '../cli.ts'
import { compareRecords, type ComparedRow, compareRuns, withGround } from '../../tracking/index.ts'
import { comparedCells } from '../comparison-page.ts'
import { addExamples } from '../examples.ts'
import { formatTime } from '../output/format.ts'
import { type Cell, type Column, renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { type ModelSession, openModels, resolveVersion, unlessMissing, versionReference } from './model-session.ts'
import { runOf } from './show.ts'

export function defineDiff(command: Command, cli: Cli): void {
  const diff = command
    .command('diff')
    .description('Show what differs between versions: tags, bytes, and the parameters, results, data and code of their runs.')
    .argument('<versions...>', 'two or more: name/3, name/Production, name@alias; behind the first also 4 or @alias')
    .option('--all', 'what is the same, too')
    .action(async (references: string[], options: { all?: boolean }) => {
      if (references.length < 2) throw new AppError('invalid_argument', 'diff needs at least two versions.')
      await using session = await openModels(cli)
      const versions = await resolveAll(session, references)
      const runs = await Promise.all(versions.map(async ({ runId }) => (runId === null ? null : await runOf(session, runId))))
      const sections = await compare(session, versions, runs)
      if (cli.globals.json) return await cli.printJson({ versions, sections: Object.fromEntries(sections) })
      await cli.print(page(cli, versions, sections, options.all === true).join('\n'))
    })
  addExamples(diff, cli, [
    ['trainyard models diff iris/3 iris/4', 'two versions'],
    ['trainyard models diff iris/Production latest', 'what would change'],
    ['trainyard models diff iris@champion @challenger --all', 'with what is the same'],
  ])
}

async function resolveAll(session: ModelSession, [first = '', ...rest]: readonly string[]): Promise<ModelVersion[]> {
  const versions = [await resolveVersion(session, first)]
  const { name } = versions[0]!
  for (const reference of rest) {
    const isShort = /^(?:@.+|[^/@]+)$/.test(reference)
    const whole = reference.startsWith('@') ? `${name}${reference}` : `${name}/${reference}`
    versions.push(await resolveVersion(session, isShort ? whole : reference))
  }
  return versions
}

type Section = readonly [title: string, rows: readonly ComparedRow[]]

async function compare(
  { tracking }: ModelSession,
  versions: readonly ModelVersion[],
  runs: readonly (RunRecord | null)[],
): Promise<Section[]> {
  const facts = await Promise.all(
    versions.map(async (version): Promise<Record<string, JsonValue>> => {
      const artifact = version.artifactId === null ? undefined : await unlessMissing(tracking.artifacts.get(version.artifactId))
      return {
        stage: version.stage,
        aliases: version.aliases.join(', '),
        made: formatTime(version.createdAtMs),
        by: version.createdBy,
        source: version.source,
        ...(version.runId === null ? {} : { run: version.runId }),
        ...(version.description === null ? {} : { description: version.description }),
        ...(artifact?.sizeBytes == null ? {} : { 'size in bytes': artifact.sizeBytes }),
        ...(artifact?.sha256 == null ? {} : { 'sha-256': artifact.sha256 }),
      }
    }),
  )
  const own: Section[] = [
    ['Version', compareRecords(facts)],
    ['Tags', compareRecords(versions.map((version) => version.tags))],
  ]
  const known = await Promise.all(runs.filter((run) => run !== null).map((run) => withGround(tracking.runs, run)))
  // A version without a run says nothing about parameters: comparing the others would look as if it had none.
  if (known.length < versions.length) return own
  const { parameters, results, inputs, code, environment, packages } = compareRuns(known)
  return [
    ...own,
    ['Parameters', parameters],
    ['Results', results],
    ['Inputs', inputs],
    ['Code', code],
    ['Environment', environment],
    ['Packages', packages],
  ]
}

function page(cli: Cli, versions: readonly ModelVersion[], sections: readonly Section[], all: boolean): string[] {
  const { style, width } = cli
  const isPair = versions.length === 2
  const columns: Column[] = [
    { header: '', shrinkTo: 8 },
    ...versions.map((version): Column => ({ header: visible(versionReference(version)), shrinkTo: 8 })),
    ...(isPair ? [{ header: 'change', align: 'right' } as const] : []),
  ]
  const rows: Cell[][] = []
  for (const [title, compared] of sections) {
    const shown = all ? compared : compared.filter((row) => row.differs)
    if (shown.length === 0) continue
    if (rows.length > 0) rows.push([''])
    rows.push([{ text: title, style: style.bold }], ...shown.map((row) => comparedCells(row, { style }, isPair)))
  }
  if (rows.length === 0) return ['They are the same in everything that is known.']
  return renderTable(columns, rows, { width, style })
}
