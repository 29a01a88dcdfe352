import { AppError } from '@trainyard/contract'
import type { Selectable } from 'kysely'
import type { Reader, SchedulesTable } from '../database/index.ts'
import type { ScheduledJob, ScheduleRecord, ScheduleState, Timing } from './schedules.ts'

export type ScheduleRow = Selectable<SchedulesTable>

export const toSchedule = (row: ScheduleRow): ScheduleRecord => ({
  project: row.project,
  name: row.name,
  owner: row.owner,
  state: row.state as ScheduleState,
  timing: JSON.parse(row.timing) as Timing,
  jitterMs: row.jitter,
  concurrency: row.concurrency as ScheduleRecord['concurrency'],
  catchUp: row.catch_up as ScheduleRecord['catchUp'],
  job: JSON.parse(row.job) as ScheduledJob,
  secretNames: JSON.parse(row.secret_names) as string[],
  labels: JSON.parse(row.labels) as Record<string, string>,
  nextAtMs: row.next_at,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
})

export const findScheduleRow = ({ kysely }: Reader, project: string, name: string): Promise<ScheduleRow | undefined> =>
  kysely.selectFrom('schedules').selectAll().where('project', '=', project).where('name', '=', name).executeTakeFirst()

export async function getScheduleRow(reader: Reader, project: string, name: string): Promise<ScheduleRow> {
  const row = await findScheduleRow(reader, project, name)
  if (row) return row
  throw new AppError('not_found', `The project ${project.slice(0, 100)} has no schedule "${name.slice(0, 100)}".`, {
    details: { project, schedule: name },
  })
}
