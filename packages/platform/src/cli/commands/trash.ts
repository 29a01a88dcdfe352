import type { RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { countOf, formatAge, formatBytes, formatValue } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { runReference } from '../run-columns.ts'
import { createRegistry } from '../../registry/index.ts'
import { searchAll, type SelectionOptions, selectRuns, toFilter } from '../run-selection.ts'
import { emptyTrash, type Freed, sizeOfRuns, splitRegistered } from '../../upkeep/index.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'

interface EmptyOptions extends SelectionOptions {
  dryRun?: boolean
  yes?: boolean
}

export function define(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List what is in the trash.')
    .action(async () => {
      await using session = await openRecords(cli)
      await list(cli, session)
    })
  addExamples(ls, cli, [['trainyard trash ls', 'runs that were removed and can be restored']])

  const restore = command
    .command('restore')
    .description('Take runs back out of the trash, with their iterations.')
    .argument('[runs...]', 'runs: ids or their starts, or names')
    .option('-f, --filter <condition>', 'all runs in the trash that match')
    .option('--all', 'everything in the trash')
    .action(async (references: string[], options: SelectionOptions & { all?: boolean }) => {
      await using session = await openRecords(cli)
      const runs =
        options.all === true
          ? await searchAll(session.tracking, trashScope(cli))
          : (await selectRuns(cli, session.tracking, references, { ...options, trashed: true })).runs
      await session.tracking.runs.restore(runs.map((run) => run.id))
      if (cli.globals.json) return cli.printJson({ runs: runs.map(({ id, name }) => ({ id, name })) })
      return cli.note(`Restored ${countOf(runs.length, 'run')}.`)
    })
  addExamples(restore, cli, [
    ['trainyard trash restore 0193af', 'one run'],
    ['trainyard trash restore --all', 'everything'],
  ])

  const empty = command
    .command('empty')
    .description('Delete for good what is in the trash: records, output, artifacts. The space is given back to the disk.')
    .option('-f, --filter <condition>', 'only runs that match')
    .option('--older-than <age>', 'only runs made longer ago, for example 30d')
    .option('--dry-run', 'only show what would be deleted')
    .option('-y, --yes', 'do not ask')
    .action(async (options: EmptyOptions) => {
      await using session = await openRecords(cli)
      await empties(cli, session, options)
    })
  addExamples(empty, cli, [
    ['trainyard trash empty --dry-run', 'what would go, and how many bytes'],
    ['trainyard trash empty --yes', 'without a question'],
  ])
}

const trashScope = (cli: Cli) => ({ trashed: true, ...(cli.project === undefined ? {} : { project: cli.project }) })

async function list(cli: Cli, { tracking }: Session): Promise<void> {
  const runs = await searchAll(tracking, trashScope(cli))
  if (cli.globals.json) return cli.printJson({ runs })
  if (cli.globals.quiet) return runs.length === 0 ? undefined : cli.print(runs.map((run) => run.id).join('\n'))
  if (runs.length === 0) return cli.note('The trash is empty.')
  const rows = await Promise.all(
    runs.map(async (run) => [
      { text: runReference(run), style: cli.style.cyan },
      formatValue(run.name, 1000),
      run.trashedAtMs === null ? '' : formatAge(run.trashedAtMs, cli.nowMs()),
      formatBytes(await sizeOfRuns(tracking, [run])),
    ]),
  )
  return cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
}

const columns = [
  { header: 'run' },
  { header: 'name', shrinkTo: 10 },
  { header: 'removed', align: 'right' },
  { header: 'size', align: 'right' },
] as const

async function empties(cli: Cli, session: Session, options: EmptyOptions): Promise<void> {
  // Asked first: through another machine's server there is none, and that is told even when nothing lies in the trash.
  const { path } = session.directory
  const filter = toFilter(options, cli.nowMs())
  const found = await searchAll(session.tracking, { ...trashScope(cli), ...(filter === undefined ? {} : { filter }) })
  const runs = await withoutRegistered(cli, session, found)
  if (runs.length === 0)
    return cli.globals.json ? cli.printJson(told([], nothing, options)) : cli.note(`Nothing in the trash of ${path} matches.`)
  const sizeBytes = await sizeOfRuns(session.tracking, runs)
  const what = `${countOf(runs.length, 'run')} (${formatBytes(sizeBytes)})`
  if (options.dryRun === true) {
    if (cli.globals.json) return cli.printJson(told(runs, { ...nothing, objectBytes: sizeBytes }, options))
    return cli.note(`Would delete ${what} for good.`)
  }
  if (!(await confirm(cli, `Delete ${what} for good?`, { yes: options.yes === true }))) return cli.note('Nothing was deleted.')

  const freed = await emptyTrash(session, runs)
  for (const target of freed.keptTargets) cli.warn(`${target} was left where it is: it does not belong to Trainyard.`)
  if (cli.globals.json) return cli.printJson(told(runs, freed, options))
  return cli.note(`Deleted ${countOf(runs.length, 'run')}; freed ${formatBytes(freed.objectBytes + freed.databaseBytes)}.`)
}

/** Without those that made a registered version; each of them is told. */
async function withoutRegistered(cli: Cli, { database, tracking }: Session, runs: readonly RunRecord[]): Promise<RunRecord[]> {
  const { free, kept } = await splitRegistered(tracking, createRegistry(database), runs)
  for (const { run, name, version } of kept)
    cli.warn(`${runReference(run)} stays: it made ${visible(name)}/${version}, which is registered.`)
  return free
}

const nothing: Freed = { objectBytes: 0, databaseBytes: 0, keptTargets: [] }

const told = (runs: readonly RunRecord[], freed: Freed, options: EmptyOptions) => ({
  runs: runs.map(({ id, name }) => ({ id, name })),
  ...freed,
  dryRun: options.dryRun === true,
})
