import type { JsonObject, RunError, RunExit } from '@trainyard/contract'
import type { Execution } from './execution.ts'
import { type PreparedRun, toJobSpec } from './prepared-run.ts'
import type { RunDirectory } from './run-directory.ts'
import { startPlan } from './start-process.ts'
import type { StopRequest } from './substrates/local-process.ts'

/** One iteration's process. */
export interface IterationProcess {
  /** Lets the user's code begin, once the record says which process it is: an orphan is found by that. */
  begin(): void
  readonly exit: Promise<RunExit>
  readonly stop: (request: StopRequest) => void
  /** Known once it started; undefined when it never did. */
  readonly identity: Promise<{ pid: number; startTicks: number } | undefined>
}

/** Where iterations run: forked from a warm worker, or a plain process each. Closing ends what still runs. */
export interface IterationRunner extends AsyncDisposable {
  /** For the record: how iterations are started and why. */
  readonly choices: Record<string, string>
  /** What runs the iterations, where that is known before the first one tells. */
  readonly interpreter?: JsonObject
  /** The process that starts the iterations, when it is one of ours. */
  readonly worker?: { pid: number; startTicks: number }
  /** Iterations that may be handed over beyond those that run: they wait there and start without a round trip. */
  readonly queueAhead: number
  /** Throws `BrokenWorkerError` when nothing can be started any more. */
  start(run: PreparedRun, directory: RunDirectory): IterationProcess
}

/** The user's module could not even be loaded: no iteration can run. */
export class BrokenWorkerError extends Error {
  override readonly name = 'BrokenWorkerError'
  readonly told: RunError

  constructor(told: RunError) {
    super(told.message)
    this.told = told
  }
}

export function createPlainRunner(execution: Execution, why: string): IterationRunner {
  return {
    choices: { iterations: `a process each: ${why}` },
    queueAhead: 0,
    start(run, directory) {
      const plan = run.launcher.plan(toJobSpec(run, directory.path), {
        environment: execution.environment,
        workingDirectory: run.workingDirectory,
        interpreter: run.interpreter,
        choices: run.choices,
        programCommand: execution.programCommand,
        dataDirectory: execution.directory.path,
      })
      const child = startPlan(execution, run, { ...plan, directory, inheritStdin: false })
      return {
        exit: child.exit,
        stop: child.stop,
        identity: Promise.resolve({ pid: child.pid, startTicks: child.startTicks }),
        begin: () => void child.control.end(run.launcher.message(plan.job)),
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
