import { randomUUID } from 'node:crypto'
import { AppError, isAppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { SecretBox } from '../base/secret-box.ts'
import { type Database, ensureProject, type Reader, type Transaction } from '../database/index.ts'
import { exampleOf } from './event-payloads.ts'
import { send } from './send.ts'
import { checkWebhook, eventsOf, getWebhookRow, newWebhookId, toWebhook } from './webhook-records.ts'
import type { DeliveryRecord, NewWebhook, TestResult, WebhookEvent, WebhookRecord, Webhooks } from './webhooks.ts'

export interface WebhookOptions {
  secrets: SecretBox
  /** Whether webhooks may lead to this machine and to private networks, and go unencrypted. */
  allowPrivate: boolean
  clock: Clock
}

const largestLimit = 1_000

/** Webhooks over one open database. Nothing is sent but tests: see `startDeliveries`. */
export function createWebhooks(database: Database, options: WebhookOptions): Webhooks {
  const { secrets, clock } = options
  const sealed = (secret: string | undefined) => (secret === undefined || secret === '' ? null : secrets.seal(secret))
  return {
    create: async (webhook) => {
      checkWebhook(webhook, options)
      const secret = sealed(webhook.secret)
      return await database.write((transaction) => create(transaction, webhook, { secret, nowMs: clock.nowMs() }))
    },
    get: (project, id) => database.read(async (reader) => toWebhook(await getWebhookRow(reader, project, id), project)),
    list: (project, page) => database.read((reader) => listWebhooks(reader, project, page)),
    update: async (project, id, patch) => {
      checkWebhook(patch, options)
      const set = {
        ...(patch.name === undefined ? {} : { name: patch.name }),
        ...(patch.url === undefined ? {} : { url: patch.url }),
        ...(patch.events === undefined ? {} : { events: JSON.stringify(patch.events) }),
        ...(patch.description === undefined ? {} : { description: patch.description }),
        ...(patch.secret === undefined ? {} : { secret: sealed(patch.secret) }),
        ...(patch.isActive === undefined ? {} : { is_active: patch.isActive ? 1 : 0 }),
        updated_at: clock.nowMs(),
      }
      return await database.write(async (transaction) => {
        const { number } = await getWebhookRow(transaction, project, id)
        await transaction.kysely.updateTable('webhooks').set(set).where('number', '=', number).execute()
        return toWebhook(await getWebhookRow(transaction, project, id), project)
      })
    },
    delete: (project, id) =>
      database.write(async (transaction) => {
        const { number } = await getWebhookRow(transaction, project, id)
        await transaction.kysely.deleteFrom('webhooks').where('number', '=', number).execute()
      }),
    test: async (project, id, event) => {
      const row = await database.read((reader) => getWebhookRow(reader, project, id))
      return await test(row, event ?? eventsOf(row)[0]!, project, options)
    },
    deliveries: (project, id, limit = 100) => database.read((reader) => listDeliveries(reader, project, id, limit)),
  }
}

async function create(
  transaction: Transaction,
  webhook: NewWebhook,
  { secret, nowMs }: { secret: string | null; nowMs: number },
): Promise<WebhookRecord> {
  const { kysely } = transaction
  const project = await ensureProject(transaction, webhook.project, nowMs)
  const id = newWebhookId()
  await kysely
    .insertInto('webhooks')
    .values({
      id,
      project,
      name: webhook.name,
      url: webhook.url,
      events: JSON.stringify(webhook.events),
      description: webhook.description ?? null,
      secret,
      is_active: webhook.isActive === false ? 0 : 1,
      created_at: nowMs,
      updated_at: nowMs,
    })
    .execute()
  return toWebhook(await getWebhookRow(transaction, webhook.project, id), webhook.project)
}

async function listWebhooks(
  { kysely }: Reader,
  project: string,
  { limit = 100, cursor }: { limit?: number; cursor?: string } = {},
): Promise<{ webhooks: WebhookRecord[]; next: string | null }> {
  checkLimit(limit)
  const after = cursor === undefined ? 0 : Number(/^after-(\d{1,15})$/.exec(cursor)?.[1] ?? Number.NaN)
  if (Number.isNaN(after)) throw new AppError('invalid_argument', 'The cursor is not one of ours; ask for the first page again.')
  const rows = await kysely
    .selectFrom('webhooks as w')
    .innerJoin('projects as p', 'p.number', 'w.project')
    .selectAll('w')
    .where('p.name', '=', project)
    .where('w.number', '>', after)
    .orderBy('w.number')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  return {
    webhooks: page.map((row) => toWebhook(row, project)),
    next: rows.length > limit ? `after-${page.at(-1)!.number}` : null,
  }
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestLimit)
    throw new AppError('invalid_argument', `The limit must be a whole number from 1 to ${largestLimit}, not ${limit}.`)
}

async function listDeliveries(reader: Reader, project: string, id: string, limit: number): Promise<DeliveryRecord[]> {
  checkLimit(limit)
  const { number } = await getWebhookRow(reader, project, id)
  const rows = await reader.kysely
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('webhook', '=', number)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    event: row.event as WebhookEvent,
    state: row.state as DeliveryRecord['state'],
    attempts: row.attempts,
    createdAtMs: row.created_at,
    nextAtMs: row.state === 'waiting' ? row.next_at : null,
    lastAttemptAtMs: row.last_at,
    status: row.status,
    error: row.error,
  }))
}

async function test(
  row: { url: string; secret: string | null },
  event: WebhookEvent,
  project: string,
  { secrets, allowPrivate, clock }: WebhookOptions,
): Promise<TestResult> {
  const [entity, action] = event.split('.')
  const atMs = clock.nowMs()
  const timestamp = new Date(atMs).toISOString()
  const body = JSON.stringify({ entity, action, timestamp, workspace: project, data: exampleOf(event) })
  try {
    const secret = row.secret === null ? null : secrets.open(row.secret)
    const answer = await send({ url: row.url, deliveryId: randomUUID(), body, secret, atMs, allowPrivate })
    return { isDelivered: answer.status < 400, status: answer.status, body: answer.body, error: null }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { isDelivered: false, status: null, body: null, error: error.message }
  }
}
