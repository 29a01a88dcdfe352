import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEnded, type RunRecord } from '@trainyard/contract'
import { dataDirectoryAt } from '../base/data-directory.ts'
import type { Database } from '../database/index.ts'
import { adoptRuns, type Execution, removeSentCode, superviseOrphan } from '../execution/index.ts'
import type { Claimant } from './claim-jobs.ts'
import { type JobRow, planOf } from './job-rows.ts'
import type { AtWork, WorkerOptions } from './worker-options.ts'
import { ownerStatus } from './lease-owner.ts'
import { pauseBefore, performJob } from './perform-job.ts'
import { queueSupervisor } from './queue-supervisor.ts'
import type { Outcome } from './settle-job.ts'

/** Jobs whose server is gone, now ours: on this machine that can be seen, of another one the lease has to run out. */
export async function claimAbandoned(database: Database, claimant: Claimant, nowMs: number): Promise<JobRow[]> {
  const others = await database.read(({ kysely }) =>
    kysely.selectFrom('jobs').selectAll().where('state', '=', 'leased').where('lease_owner', '!=', claimant.owner).execute(),
  )
  const abandoned = others.filter(({ lease_owner: owner, lease_until: untilMs }) => {
    const status = ownerStatus(owner ?? '')
    return status === 'gone' || (status === 'elsewhere' && (untilMs ?? 0) < nowMs)
  })
  if (abandoned.length === 0) return []
  return await database.write(async ({ kysely }) => {
    const taken: JobRow[] = []
    for (const row of abandoned) {
      const { numUpdatedRows } = await kysely
        .updateTable('jobs')
        .set({ lease_owner: claimant.owner, lease_until: nowMs + claimant.leaseMs })
        .where('number', '=', row.number)
        .where('state', '=', 'leased')
        .where('lease_owner', '=', row.lease_owner)
        .where('lease_until', '=', row.lease_until)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 1n) taken.push(row)
    }
    return taken
  })
}

/**
 * Goes on with a job that another server left behind: one that has ended is settled, one that never began goes back to the queue, and
 * one that runs is seen through to its end here.
 */
export async function takeOver(options: AtWork, row: JobRow, leaving: AbortSignal): Promise<Outcome> {
  const { runs } = options.execution.tracking
  const record = await runs.find(row.run)
  if (record === undefined) return { kind: 'ended' }
  const execution = atHomeOf(options.execution, record)
  if (record.state === 'pending') return { kind: 'again', readyAtMs: execution.clock.nowMs(), attempt: row.attempt }
  if (record.kind === 'sweep' && !isEnded(record.state)) return await goOnWithSweep(options, row, { execution, record, leaving })
  const { timeoutMs } = planOf(row).task
  const ended = isEnded(record.state)
    ? record
    : await superviseOrphan({ ...execution, queued: true }, row.run, {
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        waitsWith: queueSupervisor(execution.clock.nowMs()),
        onFailure: options.onProblem,
      })
  // Somebody else sees it through: it is looked at again when that one has gone too.
  if (ended === undefined) return await takeOver(options, row, await afterAWhile(leaving))
  if (ended.state === 'pending') return { kind: 'again', readyAtMs: execution.clock.nowMs(), attempt: row.attempt }
  return await repeatOrEnd({ ...options, execution }, row, ended)
}

/** The server that had it may have had a data directory of its own: there is what the run has written, where this machine can see it. */
function atHomeOf(execution: Execution, { supervisor }: RunRecord): Execution {
  const home = supervisor?.dataDirectory
  if (home === undefined || home === execution.directory.path || supervisor?.host !== hostname()) return execution
  return { ...execution, directory: dataDirectoryAt({ path: home, chosenBy: execution.directory.chosenBy }) }
}

async function afterAWhile(leaving: AbortSignal): Promise<AbortSignal> {
  await sleep(500, undefined, { signal: leaving })
  return leaving
}

/** A run that was lost with its machine, or that failed while nobody was there to repeat it. */
async function repeatOrEnd({ execution }: WorkerOptions, row: JobRow, { state, attempt, error }: RunRecord): Promise<Outcome> {
  const { retries = 0, retryPauseMs } = planOf(row).task
  if (state !== 'failed' || attempt > retries || error?.type === 'start') {
    removeSentCode(execution.directory, row.run)
    return { kind: 'ended' }
  }
  const pauseMs = pauseBefore(attempt, retryPauseMs)
  const nowMs = execution.clock.nowMs()
  await execution.tracking.runs.transition(row.run, {
    to: 'pending',
    from: ['failed'],
    reason: `attempt ${attempt} failed; the next one begins in ${pauseMs / 1000} s`,
    atMs: nowMs,
    patch: { supervisor: queueSupervisor(nowMs) },
  })
  return { kind: 'again', readyAtMs: nowMs + pauseMs, attempt }
}

/** Its iterations come to their ends first: what they do need not be done again. */
async function goOnWithSweep(
  options: AtWork,
  row: JobRow,
  { execution, record, leaving }: { execution: Execution; record: RunRecord; leaving: AbortSignal },
): Promise<Outcome> {
  const { runs } = execution.tracking
  for (;;) {
    await adoptRuns(execution)
    const { state } = await runs.get(record.id)
    if (isEnded(state)) return { kind: 'ended' }
    const iterations = await runs.children(record.id)
    if (iterations.every((child) => isEnded(child.state))) break
    await sleep(200, undefined, { signal: leaving })
  }
  const nowMs = execution.clock.nowMs()
  await runs.transition(record.id, {
    to: 'pending',
    from: ['running'],
    reason: 'its server is gone; another one goes on with it',
    atMs: nowMs,
    patch: { supervisor: queueSupervisor(nowMs) },
  })
  return await performJob(options, { ...row, attempt: Math.max(1, row.attempt) }, leaving)
}
