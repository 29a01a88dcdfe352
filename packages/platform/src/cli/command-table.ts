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
const serving = 'Serve:'
const tending = 'Tend:'

/** Every command, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  { name: 'run', summary: 'run a script, a handler or a sweep', group: starting, load: () => import('./commands/run.ts') },
  { name: 'resume', summary: 'finish an interrupted run or sweep', group: starting, load: () => import('./commands/resume.ts') },
  { name: 'rerun', summary: 'run again what was run before', group: starting, load: () => import('./commands/rerun.ts') },
  {
    name: 'jobs',
    summary: 'list, stop and order jobs of servers',
    group: starting,
    load: () => import('./commands/jobs.ts'),
  },
  {
    name: 'schedule',
    summary: 'start runs by the clock, on arrivals and webhooks',
    group: starting,
    load: () => import('./commands/schedule.ts'),
  },
  { name: 'abort', summary: 'stop running work', group: starting, load: () => import('./commands/abort.ts') },

  { name: 'ls', summary: 'list runs', group: looking, load: () => import('./commands/ls.ts') },
  { name: 'show', summary: 'show all about a run', group: looking, load: () => import('./commands/show.ts') },
  { name: 'logs', summary: 'print or follow the output of a run', group: looking, load: () => import('./commands/logs.ts') },
  { name: 'compare', summary: 'show what differs between runs', group: looking, load: () => import('./commands/compare.ts') },
  { name: 'plot', summary: 'draw a sweep or a metric in the terminal', group: looking, load: () => import('./commands/plot.ts') },
  {
    name: 'project',
    summary: 'make, load, save, list, archive and delete projects; their secrets',
    group: looking,
    load: () => import('./commands/project.ts'),
  },

  {
    name: 'artifacts',
    summary: 'list, show, copy and tag artifacts',
    group: keeping,
    load: () => import('./commands/artifacts.ts'),
  },
  {
    name: 'models',
    summary: 'register, promote and compare versions of models',
    group: keeping,
    load: () => import('./commands/models.ts'),
  },
  {
    name: 'function',
    summary: 'make, version, compare and run functions',
    group: keeping,
    load: () => import('./commands/function.ts'),
  },
  { name: 'get', summary: 'copy what an address names to a local file', group: keeping, load: () => import('./commands/get.ts') },
  {
    name: 'export',
    summary: 'write runs to one file, or all to an MLflow server',
    group: keeping,
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'import',
    summary: 'take in runs from such a file, or all of an MLflow server',
    group: keeping,
    load: () => import('./commands/import.ts'),
  },
  { name: 'rename', summary: 'give a run another name', group: keeping, load: () => import('./commands/rename.ts') },
  { name: 'label', summary: 'set and remove labels of runs', group: keeping, load: () => import('./commands/label.ts') },

  { name: 'up', summary: 'start the server', group: serving, load: () => import('./commands/up.ts') },
  { name: 'down', summary: 'stop the server', group: serving, load: () => import('./commands/down.ts') },
  {
    name: 'status',
    summary: 'say whether the server runs, and where',
    group: serving,
    load: () => import('./commands/status.ts'),
  },

  { name: 'rm', summary: 'move runs to the trash', group: tending, load: () => import('./commands/rm.ts') },
  { name: 'trash', summary: 'list, restore or empty the trash', group: tending, load: () => import('./commands/trash.ts') },
  {
    name: 'db',
    summary: 'upgrade, back up, restore and move the database',
    group: tending,
    load: () => import('./commands/db.ts'),
  },
  {
    name: 'hub',
    summary: 'find functions to run, and add hubs of your own',
    group: looking,
    load: () => import('./commands/hub.ts'),
  },
  { name: 'env', summary: 'list and delete cached environments', group: tending, load: () => import('./commands/env.ts') },
  { name: 'doctor', summary: 'check what Trainyard needs here', group: tending, load: () => import('./commands/doctor.ts') },
  {
    name: 'completion',
    summary: 'set up completion in the shell',
    group: tending,
    load: () => import('./commands/completion.ts'),
  },
  { name: '__complete', summary: 'answer the shell', group: tending, hidden: true, load: () => import('./commands/complete.ts') },
]
