import { AppError } from '@trainyard/contract'
import type { Selectable } from 'kysely'
import type { JobsTable, Reader } from '../database/index.ts'
import { demandOf } from './demand.ts'
import type { JobPlan, JobRecord, JobState } from './jobs.ts'

export type JobRow = Selectable<JobsTable>

export const toJob = (row: JobRow): JobRecord => ({
  runId: row.run,
  project: row.project,
  state: row.state as JobState,
  priority: row.priority,
  reason: row.state === 'queued' ? row.reason : null,
  cpu: row.cpu_milli / 1000,
  memoryBytes: row.memory,
  gpus: row.gpus,
  host: row.lease_host ?? row.host,
  attempt: row.attempt,
  enqueuedAtMs: row.enqueued_at,
  readyAtMs: row.ready_at,
  leasedAtMs: row.leased_at,
  endedAtMs: row.ended_at,
})

/** A job that waits, for any server, without secrets. */
export function newJobRow(
  plan: JobPlan,
  { run, project, nowMs }: { run: string; project: string; nowMs: number },
): Omit<JobRow, 'number'> {
  const { task } = plan
  const demand = demandOf(task)
  return {
    run,
    project,
    state: 'queued',
    priority: task.priority ?? 0,
    enqueued_at: nowMs,
    ready_at: nowMs,
    pending_until: task.pendingTimeoutMs === undefined ? null : nowMs + task.pendingTimeoutMs,
    reason: null,
    cpu_milli: demand.cpuMilli,
    memory: demand.memoryBytes,
    gpus: demand.gpus,
    host: null,
    attempt: 0,
    plan: JSON.stringify(plan),
    secrets: null,
    lease_owner: null,
    lease_host: null,
    lease_until: null,
    leased_at: null,
    ended_at: null,
  }
}

export const planOf = (row: Pick<JobRow, 'plan'>): JobPlan => JSON.parse(row.plan) as JobPlan

export const findJobRow = ({ kysely }: Reader, runId: string): Promise<JobRow | undefined> =>
  kysely.selectFrom('jobs').selectAll().where('run', '=', runId).executeTakeFirst()

export async function getJobRow(reader: Reader, runId: string): Promise<JobRow> {
  const row = await findJobRow(reader, runId)
  if (!row) throw new AppError('not_found', `There is no job of the run ${runId.slice(0, 100)}.`, { details: { runId } })
  return row
}
