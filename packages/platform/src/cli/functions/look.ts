import { AppError, nearestName } from '@trainyard/contract'
import type { Command } from 'commander'
import { compareFunctions, parseFunctionReference, unifiedDiff } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseCount, parseTime } from '../option-values.ts'
import { renderFields, renderLines } from '../output/changes.ts'
import { formatAge, formatTime } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { functionPage } from './function-page.ts'
import { type FunctionSession, openFunctions } from './function-session.ts'

interface ListOptions {
  name?: string
  tag?: string
  label: string[]
  kind: string[]
  category?: string
  since?: string
  versions?: boolean
  limit?: string
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export function defineList(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List functions of the project, newest first.')
    .argument('[name]', 'only this one, with all its versions')
    .option('--name <part>', 'only names with this part')
    .option('-t, --tag <tag>', 'only versions with this tag; * for any')
    .option('-l, --label <key[=value]>', 'only with this label; may be repeated', collect, [])
    .option('--kind <kind>', 'only of this kind; may be repeated', collect, [])
    .option('--category <name>', 'only of this category')
    .option('--since <time>', 'only changed since: 7d, 2026-03-01')
    .option('--versions', 'all versions, not the newest of each')
    .option('-n, --limit <count>', 'how many (default: 50)')
    .action(async (name: string | undefined, options: ListOptions) => {
      await using session = await openFunctions(cli)
      const { functions, next } = await session.functions.list({
        project: session.project,
        newestOnly: options.versions !== true && name === undefined && options.tag === undefined,
        ...(name === undefined ? (options.name === undefined ? {} : { name: `~${options.name}` }) : { name }),
        ...(options.tag === undefined ? {} : { tag: options.tag }),
        ...(options.label.length === 0 ? {} : { labels: options.label }),
        ...(options.kind.length === 0 ? {} : { types: options.kind }),
        ...(options.category === undefined ? {} : { category: options.category }),
        ...(options.since === undefined ? {} : { sinceMs: parseTime(options.since, '--since', cli.nowMs()) }),
        limit: options.limit === undefined ? 50 : parseCount(options.limit, '--limit'),
      })
      if (cli.globals.json) return await cli.printJson({ functions })
      if (cli.globals.quiet)
        return functions.length === 0 ? undefined : await cli.print(functions.map((each) => each.reference).join('\n'))
      if (functions.length === 0) return cli.note(`There are no functions in project ${session.project}.`)
      const rows = functions.map(({ spec, ...version }) => [
        { text: visible(version.name), style: cli.style.cyan },
        version.hash.slice(0, 8),
        visible(version.tags.join(', ')),
        visible(version.kind),
        formatAge(version.updatedAtMs, cli.nowMs()),
        visible(spec.description?.split('\n')[0] ?? ''),
      ])
      await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
      if (next !== null) cli.note(cli.style.dim('There are more: --limit shows them.'))
    })
  addExamples(ls, cli, [
    ['trainyard function ls', 'the newest version of each'],
    ['trainyard function ls train', 'all versions of one'],
    ['trainyard function ls --kind job --label team=vision --since 7d', 'what changed lately'],
  ])
}

const columns = [
  { header: 'function', shrinkTo: 10 },
  { header: 'version' },
  { header: 'tags', shrinkTo: 8 },
  { header: 'kind' },
  { header: 'changed', align: 'right' },
  { header: 'description', shrinkTo: 10, optional: true },
] as const

/** As `functions.get`, with the nearest name where there is none of that name. */
export async function getNamed(session: FunctionSession, text: string) {
  const reference = parseFunctionReference(text)
  const found = await session.functions.find(reference, session.project)
  if (found) return found
  const { functions } = await session.functions.list({
    project: reference.project ?? session.project,
    newestOnly: true,
    limit: 1000,
  })
  const names = functions.map(({ name }) => name)
  const nearest = names.includes(reference.name) ? undefined : nearestName(reference.name, names)
  if (nearest !== undefined)
    throw new AppError(
      'not_found',
      `There is no function ${reference.name} in project ${session.project}: did you mean ${nearest}?`,
    )
  return await session.functions.get(reference, session.project)
}

export function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('Show all about a function: handlers with their parameters, code, resources, versions.')
    .argument('<function>', 'name, name:tag, name@hash or db://project/name:tag')
    .option('--code', 'only the code')
    .option('--history', 'what its tags led to')
    .action(async (text: string, options: { code?: boolean; history?: boolean }) => {
      await using session = await openFunctions(cli)
      const version = await getNamed(session, text)
      if (options.code) {
        if (version.spec.code !== undefined) return await cli.write(version.spec.code)
        throw new AppError(
          'failed_precondition',
          `The code of ${version.name} is not in the function; it lies in ${version.spec.source ?? version.spec.image ?? version.spec.command ?? 'its image'}.`,
        )
      }
      const moves = options.history ? await session.functions.history(version.name, version.project) : undefined
      if (cli.globals.json) return await cli.printJson({ ...version, ...(moves === undefined ? {} : { history: moves }) })
      await cli.print(functionPage(cli, version))
      for (const move of moves ?? [])
        await cli.print(
          `${formatTime(move.atMs)}  ${visible(move.tag)}: ${move.before?.slice(0, 8) ?? '-'} → ${move.after?.slice(0, 8) ?? '-'}  ${visible(move.by)}`,
        )
    })
  addExamples(show, cli, [
    ['trainyard function show train', 'the latest version'],
    ['trainyard function show train@3f2a9c10 --code', 'the code of a version'],
    ['trainyard function show train --history', 'who changed it when'],
  ])
}

export function defineDiff(command: Command, cli: Cli): void {
  const diff = command
    .command('diff')
    .description('Show what differs between two versions: fields, and lines of the code.')
    .argument('<before>', 'name, name:tag or name@hash; alone: its latest version against the one before')
    .argument('[after]', 'the other; :tag or @hash is of the same function')
    .action(async (before: string, after: string | undefined) => {
      await using session = await openFunctions(cli)
      const [one, other] = await bothVersions(session, before, after)
      const { fields, code } = compareFunctions(one.document, other.document)
      if (cli.globals.json) return await cli.printJson({ before: one.reference, after: other.reference, fields, code })
      if (fields.length === 0 && code.length === 0) return cli.note('The two are the same.')
      const rows = renderFields(fields, cli)
      const lines = renderLines(unifiedDiff(code, { before: one.reference, after: other.reference }), cli)
      await cli.print(
        [
          cli.style.dim(`${one.reference} → ${other.reference}`),
          ...rows,
          ...(rows.length === 0 || lines.length === 0 ? [] : ['']),
          ...lines,
        ].join('\n'),
      )
    })
  addExamples(diff, cli, [
    ['trainyard function diff train', 'what the last change changed'],
    ['trainyard function diff train:production :latest', 'what would change'],
    ['trainyard function diff train@3f2a9c10 @81be02d7', 'two versions'],
  ])
}

async function bothVersions(session: FunctionSession, before: string, after: string | undefined) {
  const one = await getNamed(session, before)
  if (after !== undefined) {
    const { project, name } = one
    return [one, await getNamed(session, /^[:@]/.test(after) ? `${project}/${name}${after}` : after)] as const
  }
  const moves = await session.functions.history(one.name, one.project)
  const earlier = moves.find((move) => move.after === one.hash && move.before !== null)?.before
  if (earlier === undefined || earlier === null)
    throw new AppError('failed_precondition', `${one.name} has no version before this one: name two, such as ${one.name}@… @….`)
  return [await session.functions.get({ project: one.project, name: one.name, hash: earlier }, session.project), one] as const
}
