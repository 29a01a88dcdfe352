import { endedStates } from '@trainyard/contract'
import type { Database } from '../database/index.ts'
import type { WorkerOptions } from './worker-options.ts'

/** Ended jobs are shown so long; their runs stay. */
const keptMs = 30 * 24 * 3_600_000
const youngMs = 60_000

/** Whether a job waits that may start. */
export const isAnyReady = (database: Database, nowMs: number): Promise<boolean> =>
  database.read(async ({ kysely }) => {
    const queued = kysely.selectFrom('jobs').select('number').where('state', '=', 'queued')
    return (await queued.where('ready_at', '<=', nowMs).limit(1).executeTakeFirst()) !== undefined
  })

/** Ends those that have waited longer than they were to. */
export async function giveUpWaiting({ database, execution }: WorkerOptions, nowMs: number): Promise<void> {
  const late = await database.read(({ kysely }) =>
    kysely
      .selectFrom('jobs')
      .select(['number', 'run', 'reason', 'enqueued_at'])
      .where('state', '=', 'queued')
      .where('pending_until', '<=', nowMs)
      .execute(),
  )
  for (const { number, run, reason, enqueued_at: sinceMs } of late) {
    const { numUpdatedRows } = await database.write(({ kysely }) =>
      kysely
        .updateTable('jobs')
        .set({ state: 'ended', ended_at: nowMs, secrets: null })
        .where('number', '=', number)
        .where('state', '=', 'queued')
        .executeTakeFirstOrThrow(),
    )
    if (numUpdatedRows === 0n) continue
    const message = `not started within ${Math.round((nowMs - sinceMs) / 100) / 10} s${reason === null ? '' : `: it ${reason}`}`
    const { runs } = execution.tracking
    if ((await runs.find(run))?.state !== 'pending') continue
    const patch = { supervisor: null, error: { type: 'pending_timeout', message } }
    await runs.transition(run, { to: 'failed', from: ['pending'], reason: message, atMs: nowMs, patch })
  }
}

/**
 * Ends those whose run has ended without them: closed by a client of another tracker, or aborted by a server that died before it came
 * to the job. Else they would wait for ever, and their secrets with them.
 */
export const endOrphans = (database: Database, nowMs: number): Promise<void> =>
  database.write(async ({ kysely }) => {
    await kysely
      .updateTable('jobs')
      .set({ state: 'ended', ended_at: nowMs, secrets: null, reason: null })
      .where('state', '=', 'queued')
      .where('run', 'in', (row) =>
        row
          .selectFrom('runs')
          .select('id')
          .where('state', 'in', [...endedStates]),
      )
      .execute()
  })

/** Old ones that have ended, and those whose run was never made. */
export const forgetOldJobs = (database: Database, nowMs: number): Promise<void> =>
  database.write(async ({ kysely }) => {
    await kysely
      .deleteFrom('jobs')
      .where('state', '=', 'ended')
      .where('ended_at', '<', nowMs - keptMs)
      .execute()
    await kysely
      .deleteFrom('jobs')
      .where('state', '=', 'queued')
      .where('enqueued_at', '<', nowMs - youngMs)
      .where('run', 'not in', (row) => row.selectFrom('runs').select('id'))
      .execute()
  })
