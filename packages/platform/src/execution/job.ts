import { setTimeout as delay } from 'node:timers/promises'
import {
  type CodeVersion,
  type EnvironmentInfo,
  isEnded,
  type RunError,
  type RunExit,
  type RunRecord,
  type Supervisor,
} from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import { withWish } from './asked-to-stop.ts'
import { type CarrierEvents, RunCarrier } from './carrier.ts'
import { ChildRuns, endReportedChildren } from './child-runs.ts'
import { type Conclusion, concludeUnbegun, concludeUntold } from './conclude.ts'
import { diagnoseStart } from './diagnose-start.ts'
import type { Execution } from './execution.ts'
import { givenToRun } from './given-to-run.ts'
import { watchForAbort } from './heartbeat.ts'
import { afterDelay } from './long-timer.ts'
import { explainLostDirectory, requireDirectory } from './lost-directory.ts'
import type { PreparedRun } from './prepared-run.ts'
import { captureCodeVersion } from './record/code-version.ts'
import { keepCodeTexts } from './record/code-texts.ts'
import { captureEnvironment } from './record/environment-info.ts'
import { sampleResources } from './resource-sampler.ts'
import { removeRunDirectory, renewRunDirectory, runDirectoryOf } from './run-directory.ts'
import { cancelProcess, endProcess, type StartedProcess, startProcess } from './start-process.ts'
import { supervisorOf } from './supervisor-of.ts'

export interface StopReason {
  /** One sentence for the record, such as `aborted by ada (Ctrl-C)`. */
  reason: string
  graceMs: number
}

/** A run under way. */
export interface RunningJob {
  readonly runId: string
  readonly pid: number
  /** The record after the end. Rejects only when the records cannot be kept (disk full) or on a defect. */
  readonly done: Promise<RunRecord>
  /** Polite first, SIGKILL after the grace; calling again with a shorter grace hurries. */
  stop(stop: StopReason): void
}

export interface JobEvents extends CarrierEvents {
  /** A process started ahead with `startProcess`. */
  started?: StartedProcess
  /** Asked when the run failed: why it waits for another attempt, or undefined when that was the last. */
  retryReason?: (failure: Conclusion) => string | undefined
  /** Who has the run while it waits for another attempt; this process unless said. */
  waitsWith?: Supervisor
  /** Make the record (a new run), or continue one that is there (`resume`, retries). */
  record: 'create' | 'continue'
}

/** Runs one prepared run in a process and carries it to its end. */
export function startJob(execution: Execution, run: PreparedRun, events: JobEvents): RunningJob {
  const started = events.started ?? startProcess(execution, run, { inheritStdin: false })
  let because: string | undefined
  const stop = ({ reason, graceMs }: StopReason): void => {
    because ??= reason
    started.child.stop({ graceMs, because: { kind: 'cancelled' } })
  }
  const done = superviseJob({ execution, run, events, ...started, stop, because: () => because }).catch((error: unknown) =>
    explainLostDirectory(execution, error),
  )
  return { runId: run.id, pid: started.child.pid, done, stop }
}

interface Supervision extends StartedProcess {
  execution: Execution
  run: PreparedRun
  events: JobEvents
  stop: (stop: StopReason) => void
  because: () => string | undefined
}

async function superviseJob(supervision: Supervision): Promise<RunRecord> {
  const { execution, run, events, directory, child } = supervision
  const { tracking } = execution
  try {
    await beginRecord(supervision)
  } catch (error) {
    await cancelProcess(supervision)
    throw error
  }
  try {
    await execution.notifications?.arm(run.id, run.notifications)
    const { secrets, clientEnvironment: environment } = await givenToRun(execution, run)
    child.control.end(
      run.launcher.message({ ...supervision.job, secrets, ...(environment === undefined ? {} : { environment }) }),
    )
  } catch (error) {
    await failUntold(supervision, error)
    throw error
  }
  const children = new ChildRuns(execution, run, {
    ...supervisorOf(execution),
    child: { pid: child.pid, startTicks: child.startTicks },
  })
  let environment: Promise<EnvironmentInfo> | undefined
  const carrier = new RunCarrier(execution, {
    ...events,
    run,
    directory,
    fresh: events.record === 'create',
    onChildren: (made) => children.add(made),
    onStart: ({ interpreter }) => {
      environment = captureEnvironment(execution, interpreter, run.choices, child.exit)
    },
  })
  carrier.follow()
  const code = captureCode(execution, run)
  // Awaited at the end; a refusal before then must not end this program.
  code.catch(() => undefined)
  using _watchers = watchers(supervision)
  const ended = await child.exit.catch((error: unknown): RunExit => ({ kind: 'exited', code: startFailed(error, carrier) }))
  const { exit, because } = await withWish(execution, run.id, ended)
  const told = await carrier.finish(exit, supervision.because() ?? because)
  const neverBegan = exit.kind === 'lost' && carrier.start === undefined
  const conclusion = neverBegan ? concludeUntold('the program that starts processes for it ended') : told
  await children.finish(carrier.best, conclusion)
  if (execution.clients?.mayHaveLogged() === true) await endReportedChildren(execution, run.id, conclusion)
  if (conclusion.state === 'failed' && !neverBegan && carrier.start === undefined && run.launcher.language !== 'program') {
    const diagnosis = await diagnoseStart(run, conclusion)
    conclusion.error = diagnosis
    conclusion.reason = diagnosis.message
  }
  const left = child.leftBehind()
  const leftBehind: Record<string, string> =
    left.length === 0 ? {} : { 'left behind': `processes ${left.join(', ')} were still running when the script ended` }
  const waiting = conclusion.state === 'failed' ? events.retryReason?.(conclusion) : undefined
  const reason = waiting ?? conclusion.reason
  const ranOn = await (environment ?? captureEnvironment(execution, undefined, run.choices))
  await tracking.runs.transition(run.id, {
    to: waiting === undefined ? conclusion.state : 'pending',
    ...(reason === null ? {} : { reason }),
    atMs: execution.clock.nowMs(),
    patch: {
      exit,
      error: conclusion.error,
      code: await code,
      environment: { ...ranOn, choices: { ...ranOn.choices, ...leftBehind } },
      supervisor: waiting === undefined ? null : (events.waitsWith ?? supervisorOf(execution)),
    },
  })
  requireDirectory(execution)
  if (waiting === undefined) removeRunDirectory(directory)
  else if (neverBegan) renewRunDirectory(execution.directory.runs, run.id, await tracking.logs.sizeBytes(run.id))
  return tracking.runs.get(run.id)
}

/**
 * Its record says that it runs, and it was never told its job. Where the records are closed already (a server that stops) its journal is
 * left: whoever takes it over sees by it that nothing has begun, and starts it again.
 */
async function failUntold({ execution, run, child, directory }: Supervision, error: unknown): Promise<void> {
  await endProcess(child)
  const unbegun = concludeUnbegun(error)
  try {
    await execution.tracking.runs.transition(run.id, {
      to: 'failed',
      from: ['running'],
      reason: unbegun.reason,
      atMs: execution.clock.nowMs(),
      patch: { supervisor: null, error: unbegun.error },
    })
  } catch {
    // The error that brought us here is the one to tell.
    return
  }
  removeRunDirectory(directory)
}

/** The interpreter itself could not be started: as far as the run is concerned that is its error. */
function startFailed(error: unknown, carrier: RunCarrier): number {
  carrier.end ??= { outcome: 'failed', error: { type: 'start', message: messageOf(error) } }
  return 127
}

async function beginRecord({ execution, run, events, child }: Supervision): Promise<void> {
  const nowMs = execution.clock.nowMs()
  const supervisor = { ...supervisorOf(execution), child: { pid: child.pid, startTicks: child.startTicks } }
  const { runs } = execution.tracking
  if (events.record === 'continue') {
    await runs.transition(run.id, {
      to: 'running',
      from: ['pending'],
      atMs: nowMs,
      ...(run.attempt > 1 ? { reason: `attempt ${run.attempt}` } : {}),
      patch: { supervisor, host: supervisor.host, attempt: run.attempt, exit: null, error: null, outPath: run.outPath },
    })
    return
  }
  await runs.create({
    id: run.id,
    name: run.name,
    project: run.project,
    experiment: run.experiment,
    kind: run.kind,
    ...(run.parentId === undefined ? {} : { parentId: run.parentId }),
    iteration: run.iteration,
    state: 'running',
    createdAtMs: nowMs,
    owner: execution.owner,
    host: supervisor.host,
    parameters: run.parameters,
    labels: run.labels,
    task: run.task,
    outPath: run.outPath,
    supervisor,
    attempt: run.attempt,
  })
}

/** Taken while the script runs; kept at once for long runs, so that a crash of the supervisor does not lose it. */
export async function captureCode(execution: Execution, run: PreparedRun): Promise<CodeVersion> {
  if (run.launcher.language === 'program')
    return { commandLine: run.commandLine, workingDirectory: run.originalWorkingDirectory ?? run.workingDirectory }
  const snapshot = await captureCodeVersion({
    file: run.script,
    ...(run.handler === undefined ? {} : { handler: run.handler }),
    commandLine: run.commandLine,
    workingDirectory: run.originalWorkingDirectory ?? run.workingDirectory,
    environment: execution.environment,
  })
  const { originalScript } = run
  const version = originalScript === undefined ? snapshot.version : { ...snapshot.version, file: originalScript }
  return keepCodeTexts(execution.directory, { ...snapshot, version })
}

const earlyRecordAfterMs = 1500

function watchers(supervision: Supervision): Disposable {
  const { execution, run, events, child, stop } = supervision
  const stack = new DisposableStack()
  const problem = (error: unknown): void => events.onProblem?.(messageOf(error))
  stack.use(
    watchForAbort(execution, {
      runIds: () => [run.id],
      onAbort: (record) => stop({ reason: record.stateReason ?? 'aborted', graceMs: 10_000 }),
      onFailure: problem,
    }),
  )
  if (run.sampleEveryMs > 0) {
    const { metrics } = execution.tracking
    stack.use(
      sampleResources({
        runId: run.id,
        session: child.pid,
        everyMs: run.sampleEveryMs,
        metrics,
        clock: execution.clock,
        environment: execution.environment,
        onFailure: problem,
      }),
    )
  }
  const { timeoutMs } = run
  if (timeoutMs !== undefined) {
    stack.use(afterDelay(timeoutMs, () => child.stop({ graceMs: 10_000, because: { kind: 'timed_out', afterMs: timeoutMs } })))
  }
  const early = setTimeout(() => {
    captureCode(execution, run)
      .then((code) => execution.tracking.runs.update(run.id, { code }))
      .catch(problem)
  }, earlyRecordAfterMs)
  stack.defer(() => clearTimeout(early))
  return stack
}

const firstRetryMs = 1000
const longestRetryMs = 60_000

interface RetryOptions {
  retries: number
  events: JobEvents
  onStart: (job: RunningJob) => void
  onRetry: (attempt: number, waitMs: number) => void
  signal: AbortSignal
}

/**
 * Runs to the end, again after a failure at most `retries` times, waiting 1, 2, 4… seconds (at most a minute) between. While it
 * waits the run is `pending`, so that nobody takes it for ended.
 */
export async function runWithRetries(execution: Execution, run: PreparedRun, options: RetryOptions): Promise<RunRecord> {
  let { events } = options
  for (let attempt = run.attempt; ; attempt++) {
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempt - 1))
    const retryReason = ({ error, reason }: Conclusion): string | undefined =>
      attempt <= options.retries && !isPermanent(error) && !options.signal.aborted
        ? `attempt ${attempt} failed (${reason ?? 'no reason told'}); the next one begins in ${waitMs / 1000} s`
        : undefined
    if (events.record === 'continue') await beginAttempt(execution, { ...run, attempt })
    const job = startJob(execution, { ...run, attempt }, { ...events, retryReason })
    options.onStart(job)
    const record = await job.done
    if (isEnded(record.state)) return record
    options.onRetry(attempt + 1, waitMs)
    const stopped = await waitForRetry(execution, record, { waitMs, signal: options.signal })
    if (stopped !== undefined) return stopped
    const { started: _used, ...again } = events
    events = { ...again, record: 'continue' }
  }
}

/** The record when somebody stopped the waiting: it ends as aborted, with the failure that was to be tried again. */
async function waitForRetry(
  execution: Execution,
  record: RunRecord,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<RunRecord | undefined> {
  const { runs } = execution.tracking
  const asked = new AbortController()
  using _watch = watchForAbort(execution, {
    runIds: () => [record.id],
    onAbort: (run) => asked.abort(run.stateReason ?? 'aborted'),
    // The end of the waiting tells whether the records can be reached.
    onFailure: () => undefined,
  })
  const either = AbortSignal.any([asked.signal, signal])
  await delay(waitMs, undefined, { signal: either }).catch(() => undefined)
  if (!either.aborted) return undefined
  await runs.transition(record.id, {
    to: 'aborted',
    reason: String(either.reason),
    atMs: execution.clock.nowMs(),
    patch: { supervisor: null },
  })
  removeRunDirectory(runDirectoryOf(execution.directory.runs, record.id))
  return runs.get(record.id)
}

/** Makes the run ours before anything of it is touched: of two that resume it at once, one is refused here. */
async function beginAttempt(execution: Execution, run: PreparedRun): Promise<void> {
  const nowMs = execution.clock.nowMs()
  const { state, supervisor } = await execution.tracking.runs.get(run.id)
  const isOurs = state === 'pending' && supervisor?.pid === process.pid
  if (isOurs) await execution.tracking.runs.update(run.id, { attempt: run.attempt })
  else
    await execution.tracking.runs.transition(run.id, {
      to: 'pending',
      atMs: nowMs,
      reason: `attempt ${run.attempt}`,
      from: ['failed', 'aborted', 'skipped'],
      patch: { supervisor: supervisorOf(execution), attempt: run.attempt },
    })
  renewRunDirectory(execution.directory.runs, run.id, await execution.tracking.logs.sizeBytes(run.id))
}

export const isPermanent = (error: RunError | null): boolean => permanent.has(error?.type ?? '')

/** A mistake in the request fails the same way every time. */
const permanent = new Set(['missing_handler', 'missing_script', 'invalid_parameter', 'syntax_error', 'python_too_old', 'start'])
