import type { RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { countOf, formatBytes, formatValue } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { addExamples } from '../examples.ts'
import { type Look, runReference } from '../run-columns.ts'
import { type SelectionOptions, selectRuns } from '../run-selection.ts'
import { sizeOfRuns } from '../../upkeep/index.ts'
import { openRecords } from '../open-records.ts'
import { stateStyle, stateText } from '../output/state.ts'

interface RemoveOptions extends SelectionOptions {
  dryRun?: boolean
  yes?: boolean
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[runs...]', 'runs: ids or their starts, names, latest')
    .option('-f, --filter <condition>', 'all runs that match')
    .option('--state <states>', 'all runs in these states, separated by commas; ended stands for all final ones')
    .option('--older-than <age>', 'all runs made longer ago, for example 30d')
    .option('--dry-run', 'only show what would be removed')
    .option('-y, --yes', 'do not ask')
    .action(async (references: string[], options: RemoveOptions) => remove(cli, references, options))
  addExamples(command, cli, [
    ['trainyard rm 0193af', 'one run, with its iterations; it can be restored'],
    ['trainyard rm --state failed --older-than 30d --dry-run', 'what would go'],
    ['trainyard rm --filter "labels.try = \'yes\'" --yes', 'without a question'],
    ['trainyard trash empty', 'now free the space'],
  ])
}

async function remove(cli: Cli, references: readonly string[], options: RemoveOptions): Promise<void> {
  await using session = await openRecords(cli)
  const { tracking } = session
  const { runs, byCondition } = await selectRuns(cli, tracking, references, options)
  const sizeBytes = await sizeOfRuns(tracking, runs)
  const what = `${countOf(runs.length, 'run')} (${formatBytes(sizeBytes)})`
  const report = { runs: runs.map(({ id, name }) => ({ id, name })), sizeBytes, dryRun: options.dryRun === true }

  if (runs.length === 0) return cli.globals.json ? cli.printJson(report) : cli.note('No run matches.')
  const look: Look = { nowMs: cli.nowMs(), style: cli.style, unicode: cli.config.unicode }
  if (!cli.globals.json && (byCondition || options.dryRun === true)) await printRuns(cli, runs, look)
  if (options.dryRun !== true) {
    if (byCondition && !(await confirm(cli, `Move ${what} to the trash?`, { yes: options.yes === true })))
      return cli.note('Nothing was removed.')
    await tracking.runs.trash(
      runs.map((run) => run.id),
      cli.nowMs(),
    )
  }
  if (cli.globals.json) return cli.printJson(report)
  if (options.dryRun === true) return cli.note(`Would move ${what} to the trash.`)
  const back = runs.length === 1 ? runReference(runs[0]!) : '<run>'
  return cli.note(`Moved ${what} to the trash. Back: trainyard trash restore ${back}. For good: trainyard trash empty.`)
}

const columns = [{ header: 'run' }, { header: 'name', shrinkTo: 10 }, { header: 'state' }]

export async function printRuns(cli: Cli, runs: readonly RunRecord[], look: Look): Promise<void> {
  if (cli.globals.quiet) return cli.print(runs.map((run) => run.id).join('\n'))
  const rows = runs.map((run) => [
    { text: runReference(run), style: look.style.cyan },
    formatValue(run.name, 1000),
    { text: stateText(run.state, look.unicode), style: stateStyle(run.state, look.style) },
  ])
  await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
}
