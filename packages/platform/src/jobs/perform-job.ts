import { isAppError, isEnded, type RunRecord } from '@trainyard/contract'
import {
  concludeUnbegun,
  type Execution,
  isPermanent,
  isUntold,
  type PreparedRun,
  removeSentCode,
  startJob,
  startProcessBy,
} from '../execution/index.ts'
import { coresAtHand, planSweep, startSweep } from '../tuning/index.ts'
import { planOf, type JobRow } from './job-rows.ts'
import { prepareJob } from './prepare-job.ts'
import type { AtWork, WorkerOptions } from './worker-options.ts'
import { queueSupervisor } from './queue-supervisor.ts'
import type { Outcome } from './settle-job.ts'

const firstPauseMs = 1_000
const longestPauseMs = 60_000

export const pauseBefore = (attempt: number, firstMs = firstPauseMs): number =>
  Math.min(Math.max(longestPauseMs, firstMs), firstMs * 2 ** (attempt - 1))

/**
 * One attempt at a job that is ours: from preparing it to the end of its run, or back to the queue when it failed and is to be repeated.
 * Nothing of the user's runs before the run's record says so, so that a run that has begun can be told from one that has not.
 */
export async function performJob(options: AtWork, row: JobRow, leaving: AbortSignal): Promise<Outcome> {
  const { runs } = options.execution.tracking
  const record = await runs.get(row.run)
  if (record.state !== 'pending') return await settleUnbegun(options, record)
  const attempt = row.attempt + 1
  let prepared: PreparedRun
  try {
    prepared = await prepareJob(options, row, { record, attempt, leaving })
  } catch (error) {
    // We leave: it is prepared again by whoever takes it over.
    if (leaving.aborted) throw error
    const now = await runs.get(row.run)
    if (now.state !== 'pending') return await settleUnbegun(options, now)
    await failUnbegun(options, row.run, error)
    return { kind: 'ended' }
  }
  await using opened = await options.openExecution(prepared)
  const execution: Execution = { ...opened.execution, queued: true }
  try {
    const done = await carryOut(execution, options, { prepared, row, attempt })
    const nowMs = execution.clock.nowMs()
    if (isUntold(done.error)) return { kind: 'again', readyAtMs: nowMs, attempt: row.attempt }
    if (!isEnded(done.state)) return { kind: 'again', readyAtMs: nowMs + pauseOf(row, attempt), attempt }
  } catch (error) {
    // Aborted between our look and its beginning.
    if (!isAppError(error, 'failed_precondition')) throw error
    const now = await runs.get(row.run)
    if (now.state !== 'pending') return await settleUnbegun(options, now)
    throw error
  }
  removeSentCode(execution.directory, row.run)
  return { kind: 'ended' }
}

const pauseOf = (row: JobRow, attempt: number): number => pauseBefore(attempt, planOf(row).task.retryPauseMs)

async function carryOut(
  execution: Execution,
  options: AtWork,
  { prepared, row, attempt }: { prepared: PreparedRun; row: JobRow; attempt: number },
): Promise<RunRecord> {
  const { task } = planOf(row)
  const onProblem = (message: string): void => options.onProblem(new Error(`run ${row.run}: ${message}`))
  if (task.sweep !== undefined) {
    const plan = await planSweep(task.sweep, { workingDirectory: prepared.workingDirectory, cores: coresAtHand() })
    const isExtended = planOf(row).goesOn === true
    const resume = attempt > 1 || isExtended ? { retryFailed: false, onlyRepeats: false, isExtended } : undefined
    return await startSweep(execution, prepared, {
      plan,
      record: 'continue',
      ...(resume === undefined ? {} : { resume }),
      events: { onProblem },
    }).done
  }
  const retries = task.retries ?? 0
  return await startJob(execution, prepared, {
    record: 'continue',
    started: await startProcessBy(options.starter, execution, prepared),
    onProblem,
    waitsWith: queueSupervisor(execution.clock.nowMs()),
    retryReason: ({ error, reason }) =>
      isUntold(error)
        ? `${reason}; it is started again`
        : attempt <= retries && !isPermanent(error)
          ? `attempt ${attempt} failed (${reason ?? 'no reason told'}); the next one begins in ${pauseOf(row, attempt) / 1000} s`
          : undefined,
  }).done
}

/** A run that is not waiting any more, and that nobody has begun. */
async function settleUnbegun({ execution }: WorkerOptions, { id, state, stateReason }: RunRecord): Promise<Outcome> {
  if (state === 'aborting')
    await execution.tracking.runs.transition(id, {
      to: 'aborted',
      reason: stateReason ?? 'aborted',
      atMs: execution.clock.nowMs(),
      patch: { supervisor: null },
    })
  removeSentCode(execution.directory, id)
  return { kind: 'ended' }
}

/** What is wrong with the request itself: it would fail the same way every time. */
async function failUnbegun({ execution }: WorkerOptions, runId: string, error: unknown): Promise<void> {
  const unbegun = concludeUnbegun(error)
  await execution.tracking.runs.transition(runId, {
    to: 'failed',
    from: ['pending'],
    reason: unbegun.reason,
    atMs: execution.clock.nowMs(),
    patch: { supervisor: null, error: unbegun.error },
  })
  removeSentCode(execution.directory, runId)
}
