import { AppError } from '@trainyard/contract'
import type { Selectable } from 'kysely'
import type { JobsTable, Reader } from '../database/index.ts'
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

export const planOf = (row: Pick<JobRow, 'plan'>): JobPlan => JSON.parse(row.plan) as JobPlan

export const findJobRow = ({ kysely }: Reader, runId: string): Promise<JobRow | undefined> =>
  kysely.selectFrom('jobs').selectAll().where('run', '=', runId).executeTakeFirst()

export async function getJobRow(reader: Reader, runId: string): Promise<JobRow> {
  const row = await findJobRow(reader, runId)
  if (!row) throw new AppError('not_found', `There is no job of the run ${runId.slice(0, 100)}.`, { details: { runId } })
  return row
}
