import type { RunExit, RunState, Supervisor } from '@trainyard/contract'
import { RunCarrier, type CarrierEvents } from './carrier.ts'
import type { Conclusion } from './conclude.ts'
import type { Execution } from './execution.ts'
import type { IterationProcess, IterationRunner } from './iteration-runner.ts'
import type { PreparedRun } from './prepared-run.ts'
import { createRunDirectory, removeRunDirectory } from './run-directory.ts'

export interface IterationOutcome {
  conclusion: Conclusion
  /** Latest value of each metric that this iteration logged. */
  metrics: Record<string, number>
}

/** An iteration under way. */
export interface RunningIteration {
  readonly run: PreparedRun
  readonly done: Promise<IterationOutcome>
  /** Resolves as soon as its process has ended, before its records are complete: the next one may start. */
  readonly processEnded: Promise<unknown>
  /** `by` names what decided it when that was not a person: `asha`, `stop condition`. */
  stop(stop: { reason: string; graceMs: number; by?: string }): void
}

/**
 * Starts one iteration whose record is already there in state `from` (pending, or ended when it is repeated). The start does
 * not wait for the record's `running`, because the commit would cost a slot its time; the order in the record is kept.
 */
export function startIteration(
  execution: Execution,
  run: PreparedRun,
  options: { runner: IterationRunner; from: RunState; supervisor: Supervisor } & CarrierEvents,
): RunningIteration {
  const directory = createRunDirectory(execution.directory.runs, run.id)
  const metrics: Record<string, number> = {}
  const fresh = options.from === 'pending' && run.attempt === 1
  const carrier = new RunCarrier(execution, {
    ...options,
    run,
    directory,
    fresh,
    onMetrics(points) {
      for (const { key, value } of points) metrics[key] = value
      options.onMetrics?.(points)
    },
  })
  const child = options.runner.start(run, directory)
  let because: { reason: string; by?: string } | undefined
  const timer = run.timeoutMs === undefined ? undefined : timeOut(child, run.timeoutMs)
  const started = markRunning(execution, run, child, options.supervisor)
  carrier.follow()

  const done = (async (): Promise<IterationOutcome> => {
    const ended = await child.exit
    const exit: RunExit = ended.kind === 'cancelled' && because?.by !== undefined ? { ...ended, by: because.by } : ended
    clearTimeout(timer)
    await started
    const conclusion = await carrier.finish(exit, because?.reason)
    await execution.tracking.runs.transition(run.id, {
      to: conclusion.state,
      ...(conclusion.reason === null ? {} : { reason: conclusion.reason }),
      atMs: execution.clock.nowMs(),
      patch: { exit, error: conclusion.error, supervisor: null },
    })
    removeRunDirectory(directory)
    return { conclusion, metrics }
  })()
  return {
    run,
    done,
    processEnded: child.exit,
    stop({ graceMs, ...why }) {
      because ??= why
      child.stop({ graceMs, because: { kind: 'cancelled' } })
    },
  }
}

const timeOut = (child: IterationProcess, timeoutMs: number): NodeJS.Timeout =>
  setTimeout(() => child.stop({ graceMs: 5000, because: { kind: 'timed_out', afterMs: timeoutMs } }), timeoutMs)

async function markRunning(
  execution: Execution,
  run: PreparedRun,
  child: IterationProcess,
  supervisor: Supervisor,
): Promise<void> {
  const atMs = execution.clock.nowMs()
  const identity = await child.identity
  await execution.tracking.runs.transition(run.id, {
    to: 'running',
    atMs,
    patch: { supervisor: { ...supervisor, ...(identity === undefined ? {} : { child: identity }) }, attempt: run.attempt },
  })
}
