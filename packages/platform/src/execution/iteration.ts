import { isAppError, type RunExit, type Supervisor } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import { withWish } from './asked-to-stop.ts'
import { RunCarrier, type CarrierEvents } from './carrier.ts'
import { endReportedChildren } from './child-runs.ts'
import type { Conclusion } from './conclude.ts'
import type { Execution } from './execution.ts'
import type { IterationProcess, IterationRunner } from './iteration-runner.ts'
import { afterDelay } from './long-timer.ts'
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

export interface IterationOptions extends CarrierEvents {
  runner: IterationRunner
  supervisor: Supervisor
  /** A metric whose points `onWatched` wants. */
  watch?: string
}

/**
 * Starts one iteration whose record is there, in state `pending`. The start does not wait for the record's `running`, because the
 * commit would cost a slot its time; the order in the record is kept.
 */
export function startIteration(execution: Execution, run: PreparedRun, options: IterationOptions): RunningIteration {
  const directory = createRunDirectory(execution.directory.runs, run.id)
  const metrics: Record<string, number> = {}
  const carrier = new RunCarrier(execution, {
    ...options,
    run,
    directory,
    fresh: run.attempt === 1,
    onMetrics(points) {
      for (const { key, value } of points) metrics[key] = value
      options.onMetrics?.(points)
    },
  })
  const child = options.runner.start(run, directory)
  let because: { reason: string; by?: string } | undefined
  let isOver = false
  const stop: RunningIteration['stop'] = ({ graceMs, ...why }) => {
    because ??= why
    child.stop({ graceMs, because: { kind: 'cancelled' } })
  }
  // Its time begins when it does: before that it may wait for a place.
  let timer: Disposable | undefined
  const { timeoutMs } = run
  if (timeoutMs !== undefined) {
    child.identity.then((identity) => {
      if (identity !== undefined && !isOver) timer = timeOut(child, timeoutMs)
    }, ignoreStartFailure)
  }
  const started = begin(execution, run, child, { ...options, carrier })
  // Heard below, once the process has ended.
  started.then(
    (asked) => asked !== undefined && stop({ reason: asked, graceMs: 0 }),
    () => stop({ reason: 'not recorded', graceMs: 0 }),
  )

  const done = (async (): Promise<IterationOutcome> => {
    const { exit: ended, because: wish } = await withWish(execution, run.id, await child.exit.catch(notStarted(carrier)))
    const exit: RunExit = ended.kind === 'cancelled' && because?.by !== undefined ? { ...ended, by: because.by } : ended
    isOver = true
    timer?.[Symbol.dispose]()
    await started
    const conclusion = await carrier.finish(exit, because?.reason ?? wish)
    const endedByItself = exit.kind === 'cancelled' && conclusion.state === 'completed'
    if (execution.clients?.mayHaveLogged() === true) {
      await endReportedChildren(execution, run.id, conclusion)
      const latest = (await execution.tracking.metrics.latest([run.id])).get(run.id) ?? []
      for (const { key, value } of latest) metrics[key] ??= value
    }
    await execution.tracking.runs.transition(run.id, {
      to: conclusion.state,
      ...(conclusion.reason === null ? {} : { reason: conclusion.reason }),
      atMs: execution.clock.nowMs(),
      patch: { exit: endedByItself ? { kind: 'exited', code: 0 } : exit, error: conclusion.error, supervisor: null },
    })
    removeRunDirectory(directory)
    return { conclusion, metrics }
  })()
  return { run, done, processEnded: child.exit, stop }
}

/** `exit` tells it. */
const ignoreStartFailure = (): void => undefined

/** The interpreter itself could not be started: as far as the iteration is concerned that is its error. */
const notStarted =
  (carrier: RunCarrier) =>
  (error: unknown): RunExit => {
    carrier.end ??= { outcome: 'failed', error: { type: 'start', message: messageOf(error) } }
    return { kind: 'exited', code: 127 }
  }

const timeOut = (child: IterationProcess, timeoutMs: number): Disposable =>
  afterDelay(timeoutMs, () => child.stop({ graceMs: 5000, because: { kind: 'timed_out', afterMs: timeoutMs } }))

/** Records that it runs, and as which process, then lets it begin. Resolves to the reason when somebody aborted it before that. */
async function begin(
  execution: Execution,
  run: PreparedRun,
  child: IterationProcess,
  { carrier, supervisor }: Pick<IterationOptions, 'supervisor'> & { carrier: RunCarrier },
): Promise<string | undefined> {
  const { runs } = execution.tracking
  const atMs = execution.clock.nowMs()
  const identity = await child.identity
  const patch = { supervisor: { ...supervisor, ...(identity === undefined ? {} : { child: identity }) }, attempt: run.attempt }
  try {
    await runs.transition(run.id, { to: 'running', atMs, patch })
  } catch (error) {
    if (!isAppError(error, 'failed_precondition')) throw error
    const { state, stateReason } = await runs.get(run.id)
    if (state !== 'aborting') throw error
    return stateReason ?? 'aborted'
  }
  carrier.follow()
  child.begin()
  return undefined
}
