import type { SweepSpec, Task } from '@trainyard/contract'
import type { DataDirectory } from '../../base/data-directory.ts'
import type { PreparedRun, StartedProcess } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { openSessionIn } from '../session.ts'
import type { Interrupts } from './interrupts.ts'
import { reportOutcome } from './outcome.ts'
import { runSingle } from './run-single.ts'
import { executionOf } from './start-execution.ts'

/** What `run` does once the records are open. */
export interface RunWork extends AsyncDisposable {
  resolveStoreUrl(url: string): Promise<string>
  runSingle(run: PreparedRun, options: { task: Task; interrupts: Interrupts; started: StartedProcess }): Promise<void>
  runSweep(
    run: PreparedRun,
    options: { sweep: SweepSpec; interrupts: Interrupts; watch: boolean; attach?: { control: number; events: number } },
  ): Promise<void>
  runAttached(run: PreparedRun, options: { attach: { control: number; events: number }; interrupts: Interrupts }): Promise<void>
  /** Starts the same command in the background; resolves to the run's id. */
  detach(options: { handOver?: Task; interrupts: Interrupts }): Promise<string>
}

export async function openRunWork(cli: Cli, directory: DataDirectory): Promise<RunWork> {
  const session = await openSessionIn(cli, directory)
  const execution = executionOf(cli, session)
  return {
    resolveStoreUrl: async (url) => (await session.objectContext.resolveStoreUrl?.(url)) ?? url,
    async runSingle(run, options) {
      await reportOutcome(cli, session, await runSingle(cli, session, run, { ...options, record: 'create' }))
    },
    async runSweep(run, options) {
      const [{ runSweep }, { reportSweep }] = await Promise.all([import('./run-sweep.ts'), import('./sweep-outcome.ts')])
      await reportSweep(cli, session, await runSweep(cli, session, run, options))
    },
    async runAttached(run, options) {
      const { runAttached } = await import('./run-attached.ts')
      await reportOutcome(cli, session, await runAttached(cli, session, run, options))
    },
    async detach(options) {
      const { startDetached } = await import('./detach.ts')
      return startDetached(execution, { argv: cli.argv, task: options.handOver, signal: options.interrupts.signal })
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
