import { AppError, type JsonObject, type NotificationSpec } from '@trainyard/contract'
import type { SecretBox } from '../base/secret-box.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { checkNotification } from './check-notification.ts'
import type { NotificationDelivery, NotificationRecord, Notifications } from './notifications.ts'

const mostPerRun = 50

export function createNotifications(database: Database, { box }: { box: SecretBox }): Notifications {
  return {
    attach: async (runId, given) => {
      const rows = toRows(box, given)
      await database.write(async (transaction) => {
        const run = await runNumber(transaction, runId)
        await transaction.kysely.deleteFrom('notifications').where('run', '=', run).execute()
        await insert(transaction, run, rows)
      })
    },
    arm: async (runId, given) => {
      if (given.length === 0) return
      const rows = toRows(box, given)
      await database.write(async (transaction) => {
        const run = await runNumber(transaction, runId)
        const { numUpdatedRows } = await transaction.kysely
          .updateTable('notifications')
          .set({ told_at: null })
          .where('run', '=', run)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) await insert(transaction, run, rows)
      })
    },
    ofRun: (runId) => database.read((reader) => listOfRun(reader, runId)),
    reopen: async (runId) => {
      const rows = await database.read(({ kysely }) =>
        kysely
          .selectFrom('notifications as n')
          .innerJoin('runs as r', 'r.number', 'n.run')
          .select(['n.spec', 'n.sealed'])
          .where('r.id', '=', runId)
          .orderBy('n.ordinal')
          .execute(),
      )
      return rows.map(({ spec, sealed }) => ({
        ...(JSON.parse(spec) as StoredSpec),
        ...(sealed === null ? {} : { secretParams: JSON.parse(box.open(sealed)) as JsonObject }),
      }))
    },
    deliveries: (of) => database.read((reader) => listDeliveries(reader, of)),
  }
}

function toRows(box: SecretBox, given: readonly NotificationSpec[]) {
  if (given.length > mostPerRun) throw new AppError('invalid_argument', `A run may have ${mostPerRun} notifications.`)
  for (const notification of given) checkNotification(notification)
  return given.map(({ secretParams = {}, ...spec }, ordinal) => ({
    ordinal,
    spec: JSON.stringify({ ...spec, name: spec.name ?? `${spec.kind}-${ordinal + 1}` }),
    sealed: Object.keys(secretParams).length === 0 ? null : box.seal(JSON.stringify(secretParams)),
    told_at: null,
  }))
}

async function runNumber({ kysely }: Reader, runId: string): Promise<number> {
  const run = await kysely.selectFrom('runs').select('number').where('id', '=', runId).executeTakeFirst()
  if (!run) throw new AppError('not_found', `There is no run ${runId}.`, { details: { runId } })
  return run.number
}

async function insert({ kysely }: Transaction, run: number, rows: ReturnType<typeof toRows>): Promise<void> {
  for (const row of rows)
    await kysely
      .insertInto('notifications')
      .values({ run, ...row })
      .execute()
}

export type StoredSpec = Omit<NotificationSpec, 'secretParams'> & { name: string }

const statuses = { waiting: 'pending', delivered: 'sent', failed: 'error', skipped: 'skipped' } as const

async function listOfRun({ kysely }: Reader, runId: string): Promise<NotificationRecord[]> {
  const rows = await kysely
    .selectFrom('notifications as n')
    .innerJoin('runs as r', 'r.number', 'n.run')
    .leftJoin('notification_deliveries as d', (join) =>
      join.onRef('d.notification', '=', 'n.number').on(({ eb, selectFrom }) =>
        eb(
          'd.number',
          '=',
          selectFrom('notification_deliveries as l')
            .select(({ fn }) => fn.max('l.number').as('newest'))
            .whereRef('l.notification', '=', 'n.number'),
        ),
      ),
    )
    .select(['n.spec', 'n.sealed', 'd.state', 'd.last_at', 'd.error'])
    .where('r.id', '=', runId)
    .orderBy('n.ordinal')
    .execute()
  return rows.map((row) => {
    const { params = {}, ...spec } = JSON.parse(row.spec) as StoredSpec
    const status = row.state === null ? 'pending' : statuses[row.state as keyof typeof statuses]
    return {
      ...spec,
      params: params as JsonObject,
      hasSecrets: row.sealed !== null,
      status,
      sentAtMs: status === 'sent' ? row.last_at : null,
      reason: status === 'sent' ? null : row.error,
    }
  })
}

async function listDeliveries(
  { kysely }: Reader,
  { runId, project, limit = 100 }: { runId?: string; project?: string; limit?: number },
): Promise<NotificationDelivery[]> {
  let rows = kysely
    .selectFrom('notification_deliveries as d')
    .innerJoin('notifications as n', 'n.number', 'd.notification')
    .innerJoin('runs as r', 'r.number', 'n.run')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .select([
      'r.id',
      'n.spec',
      'd.run_state',
      'd.state',
      'd.attempts',
      'd.created_at',
      'd.last_at',
      'd.next_at',
      'd.status',
      'd.error',
    ])
    .orderBy('d.number', 'desc')
    .limit(limit)
  if (runId !== undefined) rows = rows.where('r.id', '=', runId)
  if (project !== undefined) rows = rows.where('p.name', '=', project)
  return (await rows.execute()).map((row) => {
    const { name, kind } = JSON.parse(row.spec) as StoredSpec
    return {
      runId: row.id,
      name,
      kind,
      runState: row.run_state,
      state: row.state as NotificationDelivery['state'],
      attempts: row.attempts,
      createdAtMs: row.created_at,
      lastAttemptAtMs: row.last_at,
      nextAtMs: row.state === 'waiting' ? row.next_at : null,
      status: row.status,
      error: row.error,
    }
  })
}
