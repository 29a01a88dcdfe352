import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import {
  type CachedEnvironment,
  type EnvironmentChoice,
  environmentCacheDirectory,
  listEnvironments,
  removeEnvironments,
} from '../../execution/environments/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseDuration } from '../option-values.ts'
import { countOf, formatAge, formatBytes } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'

interface RemoveOptions {
  all?: boolean
  unusedFor?: string
}

export function define(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List the virtual environments that were made for runs, the last used first.')
    .action(async () => printList(cli, await listEnvironments(environmentCacheDirectory(cli.config.environment))))
  addExamples(ls, cli, [['trainyard env ls', 'what there is, how large, and when it was last used']])

  const rm = command
    .command('rm')
    .description('Delete cached virtual environments. They are made again when a run needs them.')
    .argument('[keys...]', 'environments: keys or their starts, as env ls shows them')
    .option('--all', 'all of them')
    .option('--unused-for <age>', 'those that no run has used for so long, for example 30d')
    .action(async (keys: string[], options: RemoveOptions) => remove(cli, keys, options))
  addExamples(rm, cli, [
    ['trainyard env rm 3f9a', 'one'],
    ['trainyard env rm --unused-for 30d', 'what is no longer used'],
  ])
}

const columns = [
  { header: 'environment' },
  { header: 'python' },
  { header: 'size', align: 'right' },
  { header: 'used', align: 'right' },
  { header: 'made by', optional: true },
  { header: 'requirements', shrinkTo: 12 },
] as const

const shownKeyLength = 12

async function printList(cli: Cli, environments: readonly CachedEnvironment[]): Promise<void> {
  if (cli.globals.json) return cli.printJson({ environments })
  if (cli.globals.quiet) return environments.length === 0 ? undefined : cli.print(environments.map(({ key }) => key).join('\n'))
  if (environments.length === 0) return cli.note('There are no cached environments.')
  const rows = environments.map((environment) => [
    { text: environment.key.slice(0, shownKeyLength), style: cli.style.cyan },
    environment.pythonVersion,
    formatBytes(environment.sizeBytes),
    formatAge(environment.lastUsedAtMs, cli.nowMs()),
    environment.tool,
    visible(environment.requirements.join(', ')),
  ])
  await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
  const total = environments.reduce((sum, environment) => sum + environment.sizeBytes, 0)
  cli.note(cli.errorStyle.dim(`${formatBytes(total)} in ${environmentCacheDirectory(cli.config.environment)}`))
}

async function remove(cli: Cli, keys: readonly string[], options: RemoveOptions): Promise<void> {
  const ways = [keys.length > 0, options.all === true, options.unusedFor !== undefined].filter(Boolean).length
  if (ways !== 1) throw new AppError('invalid_argument', 'Say which environments: name them, or give --all, or --unused-for 30d.')
  const directory = environmentCacheDirectory(cli.config.environment)
  const removed = await removeEnvironments(directory, toChoice(cli, keys, options))
  if (cli.globals.json) return cli.printJson({ removed })
  const freed = removed.reduce((sum, environment) => sum + environment.sizeBytes, 0)
  return cli.note(`Deleted ${countOf(removed.length, 'environment')}; freed ${formatBytes(freed)}.`)
}

function toChoice(cli: Cli, keys: readonly string[], options: RemoveOptions): EnvironmentChoice {
  if (options.all === true) return { all: true }
  if (options.unusedFor === undefined) return { keys }
  return { unusedForMs: parseDuration(options.unusedFor, '--unused-for'), nowMs: cli.nowMs() }
}
