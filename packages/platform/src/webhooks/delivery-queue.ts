import { randomUUID } from 'node:crypto'
import type { Reader, Transaction } from '../database/index.ts'
import { describe } from './event-payloads.ts'
import { eventsOf } from './webhook-records.ts'

/** Changes that are looked at in one transaction. */
const changesAtOnce = 200
const keptMs = 30 * 24 * 3_600_000

/** Makes a delivery of each change nobody was told of, for each webhook that asks for it. The number of changes looked at. */
export async function enqueue(transaction: Transaction, nowMs: number): Promise<number> {
  const { kysely } = transaction
  const changes = await kysely
    .selectFrom('registry_events as e')
    .innerJoin('registered_models as m', 'm.number', 'e.model')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select(['e.number', 'e.model', 'e.version', 'e.kind', 'e.key', 'e.after', 'e.at', 'm.project', 'p.name as project_name'])
    .where('e.told_at', 'is', null)
    .orderBy('e.number')
    .limit(changesAtOnce)
    .execute()
  if (changes.length === 0) return 0
  const webhooks = await kysely.selectFrom('webhooks').selectAll().where('is_active', '=', 1).execute()
  for (const change of changes) {
    const asking = webhooks.filter(({ project, created_at }) => project === change.project && created_at <= change.at)
    const told = asking.length === 0 ? undefined : await describe(transaction, change)
    if (!told) continue
    const [entity, action] = told.event.split('.')
    const timestamp = new Date(change.at).toISOString()
    const body = JSON.stringify({ entity, action, timestamp, workspace: change.project_name, data: told.data })
    for (const webhook of asking.filter((each) => eventsOf(each).includes(told.event)))
      await kysely
        .insertInto('webhook_deliveries')
        .values({
          id: randomUUID(),
          webhook: webhook.number,
          event: told.event,
          body,
          state: 'waiting',
          attempts: 0,
          created_at: nowMs,
          next_at: nowMs,
          last_at: null,
          status: null,
          error: null,
        })
        .execute()
  }
  const numbers = changes.map(({ number }) => number)
  await kysely.updateTable('registry_events').set({ told_at: nowMs }).where('number', 'in', numbers).execute()
  await kysely
    .deleteFrom('webhook_deliveries')
    .where('state', '!=', 'waiting')
    .where('created_at', '<', nowMs - keptMs)
    .execute()
  return changes.length
}

export async function hasUntold({ kysely }: Reader): Promise<boolean> {
  return (
    (await kysely.selectFrom('registry_events').select('number').where('told_at', 'is', null).limit(1).executeTakeFirst()) !==
    undefined
  )
}

export const dueDeliveries = ({ kysely }: Reader, nowMs: number, limit: number) =>
  kysely
    .selectFrom('webhook_deliveries as d')
    .innerJoin('webhooks as w', 'w.number', 'd.webhook')
    .select(['d.number', 'd.id', 'w.url', 'w.secret', 'd.body', 'd.attempts', 'd.next_at'])
    .where('d.state', '=', 'waiting')
    .where('d.next_at', '<=', nowMs)
    .where('w.is_active', '=', 1)
    .orderBy('d.next_at')
    .orderBy('d.number')
    .limit(limit)
    .execute()
