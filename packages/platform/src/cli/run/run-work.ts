import { hostname } from 'node:os'
import type { AppError, RunKind, SweepSpec, Task } from '@trainyard/contract'
import type { DataDirectory } from '../../base/data-directory.ts'
import { type PreparedRun, recordUnstarted, type StartedProcess } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { checkReceiversOf } from '../session-notifications.ts'
import { openSessionIn } from '../session.ts'
import type { Interrupts } from './interrupts.ts'
import { reportOutcome } from './outcome.ts'
import { refuse } from './refusal.ts'
import { runSingle } from './run-single.ts'
import { executionOf } from './start-execution.ts'

interface Asked {
  interrupts: Interrupts
  /** Somebody chose the run's id and may ask for it. */
  isKnown: boolean
}

/** What `run` does once the records are open. */
export interface RunWork extends AsyncDisposable {
  resolveStoreUrl(url: string): Promise<string>
  runSingle(run: PreparedRun, options: Asked & { task: Task; started: StartedProcess }): Promise<void>
  runSweep(
    run: PreparedRun,
    options: Asked & { sweep: SweepSpec; watch: boolean; attach?: { control: number; events: number } },
  ): Promise<void>
  runAttached(run: PreparedRun, options: Asked & { attach: { control: number; events: number } }): Promise<void>
  /** Refuses receivers of notifications that could not be told from here. */
  checkReceivers(task: Task): Promise<void>
  /** Keeps the failed record of a run that could not begin. */
  recordUnstarted(asked: { task: Task; kind: RunKind; id?: string }, error: AppError): Promise<void>
  /** Starts the same command in the background; resolves to the run's id. */
  detach(options: { handOver?: Task; interrupts: Interrupts }): Promise<string>
}

export async function openRunWork(cli: Cli, directory: DataDirectory): Promise<RunWork> {
  const session = await openSessionIn(cli, directory)
  const execution = executionOf(cli, session)
  return {
    resolveStoreUrl: async (url) => (await session.objectContext.resolveStoreUrl?.(url)) ?? url,
    async runSingle(run, options) {
      const done = await runSingle(cli, session, run, { ...options, record: 'create' })
      await refuse(session, done, options)
      await reportOutcome(cli, session, done)
    },
    async runSweep(run, options) {
      const [{ runSweep }, { reportSweep }] = await Promise.all([import('./run-sweep.ts'), import('./sweep-outcome.ts')])
      const done = await runSweep(cli, session, run, options)
      await refuse(session, done, options)
      await reportSweep(cli, session, done)
    },
    async runAttached(run, options) {
      const { runAttached } = await import('./run-attached.ts')
      const done = await runAttached(cli, session, run, options)
      await refuse(session, done, options)
      await reportOutcome(cli, session, done)
    },
    // The receiver is the choice of whoever runs this.
    checkReceivers: (task) => checkReceiversOf(session, task, { allowPrivate: true }),
    async recordUnstarted(asked, error) {
      await recordUnstarted(execution, { ...asked, host: hostname() }, error)
    },
    async detach(options) {
      const { startDetached } = await import('./detach.ts')
      return startDetached(execution, { argv: cli.argv, task: options.handOver, signal: options.interrupts.signal })
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
