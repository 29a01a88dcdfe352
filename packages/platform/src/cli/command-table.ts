import type { Command } from 'commander'
import type { Cli } from './cli.ts'

/** What the module of a command exports: it adds arguments, options, examples and the action to an empty command. */
export interface CommandModule {
  define(command: Command, cli: Cli): void
}

export interface CommandEntry {
  name: string
  summary: string
  group: string
  hidden?: boolean
  /** Imported only when this command is asked for: `--help` must answer in under 150 ms. */
  load(): Promise<CommandModule>
}

const starting = 'Run:'
const looking = 'Look:'
const keeping = 'Keep and share:'
const tending = 'Tend:'

/** Every command, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  { name: 'ls', summary: 'list runs', group: looking, load: () => import('./commands/ls.ts') },
]

/** Group titles in the order in which the help shows them. */
export const commandGroups: readonly string[] = [starting, looking, keeping, tending]
