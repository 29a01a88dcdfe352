import type { ArtifactRecord, JsonValue, RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { ModelVersion, RegisteredModel, RegistryEvent } from '../../registry/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { formatAge, formatBytes, formatTime, formatValue, shortId } from '../output/format.ts'
import { type Cell, renderPairs, renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { renderEvents } from './history.ts'
import { type ModelSession, openModels, resolveModel, unlessMissing, versionReference } from './model-session.ts'
import { stageCell } from './stage-cell.ts'

/** Everything that is known about a version, down to the run, the code and the data it was made from. */
interface VersionDetails {
  version: ModelVersion
  run: RunRecord | null
  artifact: ArtifactRecord | null
  history: RegistryEvent[]
}

const versionsShown = 20

export function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('Show a model with its versions, or a version with the run, code and data it was made from.')
    .argument('<model>', 'a model, or a version: name/3, name/Production, name/latest, name@alias')
    .option('--all', 'all versions, however many')
    .action(async (reference: string, options: { all?: boolean }) => {
      await using session = await openModels(cli)
      const { name, version } = await resolveModel(session, reference)
      if (version !== undefined) return await showVersion(cli, session, version)
      const model = await session.registry.models.get({ project: session.project, name })
      const { versions, next } = await session.registry.versions.search({
        project: session.project,
        clauses: [{ field: 'name', condition: { operator: '=', value: name } }],
        sort: [{ field: 'version', direction: 'descending' }],
        limit: options.all === true ? 200_000 : versionsShown,
      })
      if (cli.globals.json) return await cli.printJson({ model, versions })
      if (cli.globals.quiet) return await cli.print(versions.map(versionReference).join('\n'))
      await cli.print(modelPage(cli, model, versions).join('\n'))
      if (next !== null) cli.note(cli.style.dim('There are more versions: --all shows them.'))
    })
  addExamples(show, cli, [
    ['trainyard models show iris', 'its versions'],
    ['trainyard models show iris/Production', 'what is in production, and where it came from'],
    ['trainyard models show iris@champion --json', 'for programs'],
  ])
}

const present = (pairs: readonly (readonly [string, Cell])[]): (readonly [string, Cell])[] =>
  pairs.filter(([, value]) => value !== '')

const tagPairs = (tags: Record<string, string>): [string, Cell][] =>
  Object.entries(tags).map(([key, value]) => [`tag ${visible(key)}`, formatValue(value, 200)])

function modelPage(cli: Cli, model: RegisteredModel, versions: readonly ModelVersion[]): string[] {
  const { style } = cli
  const pairs = present([
    ['model', { text: visible(model.name), style: style.cyan }],
    ['project', visible(model.project)],
    ['made', `${formatTime(model.createdAtMs)} by ${visible(model.createdBy)}`],
    ['changed', formatTime(model.updatedAtMs)],
    ['description', visible(model.description ?? '')],
    ...tagPairs(model.tags),
  ])
  const rows = versions.map((version) => [
    String(version.version),
    stageCell(version, style),
    version.aliases.map((alias) => `@${alias}`).join(', '),
    formatAge(version.createdAtMs, cli.nowMs()),
    visible(version.createdBy),
    version.runId === null ? '' : shortId(version.runId),
    visible(version.description?.split('\n')[0] ?? version.source),
  ])
  return [...renderPairs(pairs, style), '', ...renderTable(versionColumns, rows, { width: cli.width, style })]
}

const versionColumns = [
  { header: 'version', align: 'right' },
  { header: 'stage' },
  { header: 'aliases', shrinkTo: 8 },
  { header: 'age', align: 'right' },
  { header: 'by', shrinkTo: 6, optional: true },
  { header: 'run', optional: true },
  { header: 'description', shrinkTo: 10, optional: true },
] as const

async function showVersion(cli: Cli, session: ModelSession, version: ModelVersion): Promise<void> {
  const details: VersionDetails = {
    version,
    run: version.runId === null ? null : await runOf(session, version.runId),
    artifact:
      version.artifactId === null ? null : ((await unlessMissing(session.tracking.artifacts.get(version.artifactId))) ?? null),
    history: await session.registry.history.of(version, { version: version.version }),
  }
  if (cli.globals.json) return await cli.printJson(details)
  if (cli.globals.quiet) return await cli.print(version.location)
  await cli.print(versionPage(cli, details).join('\n'))
}

/** Null when the run is gone, or was never here. */
export const runOf = async ({ tracking }: Pick<ModelSession, 'tracking'>, runId: string): Promise<RunRecord | null> =>
  (await tracking.runs.find(runId)) ?? null

function versionPage(cli: Cli, { version, run, artifact, history }: VersionDetails): string[] {
  const { style } = cli
  const lines = renderPairs(
    present([
      ['version', { text: visible(versionReference(version)), style: style.cyan }],
      ['stage', stageCell(version, style)],
      ['aliases', version.aliases.map((alias) => `@${alias}`).join(', ')],
      ['status', version.status === 'ready' ? '' : `${version.status} ${visible(version.statusMessage ?? '')}`],
      ['made', `${formatTime(version.createdAtMs)} by ${visible(version.createdBy)}`],
      ['description', visible(version.description ?? '')],
      ['source', visible(version.source)],
      ['where', version.location === version.source ? '' : visible(version.location)],
      ['size', artifact?.sizeBytes == null ? '' : formatBytes(artifact.sizeBytes)],
      ['sha-256', artifact?.sha256 ?? ''],
      ...tagPairs(version.tags),
    ]),
    style,
  )
  lines.push(...lineage(cli, version, run))
  lines.push('', style.bold('History'), ...renderEvents(cli, history, { indent: '  ' }))
  return lines
}

function lineage({ style }: Cli, version: ModelVersion, run: RunRecord | null): string[] {
  if (version.runId === null) return []
  if (run === null) return ['', style.dim(`Made by run ${visible(version.runId)}, which is not here.`)]
  const { code } = run
  const section = (title: string, values: Record<string, JsonValue>): (readonly [string, Cell])[] =>
    Object.entries(values).map(([key, value]) => [`${title} ${visible(key)}`, formatValue(value)])
  const pairs = present([
    ['run', `${visible(run.name)} (${run.id}), ${run.state}`],
    ['code', visible(code === null ? '' : (code.file ?? code.commandLine.join(' ')))],
    ['commit', code?.git === undefined ? '' : `${code.git.commit}${code.git.dirty ? ' with uncommitted changes' : ''}`],
    ...run.inputs.map((input): [string, Cell] => [
      `input ${visible(input.key)}`,
      visible(input.url) + (input.sha256 === undefined ? '' : `, sha-256 ${input.sha256?.slice(0, 12)}`),
    ]),
    ...section('param', run.parameters),
    ...section('result', run.results),
  ])
  return ['', style.bold('Made by'), ...renderPairs(pairs, style, '  ')]
}
