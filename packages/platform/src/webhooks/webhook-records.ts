import { randomUUID } from 'node:crypto'
import { AppError } from '@trainyard/contract'
import type { Selectable } from 'kysely'
import { checkAddress } from '../base/guarded-request.ts'
import type { Reader, WebhooksTable } from '../database/index.ts'
import { type WebhookEvent, webhookEvents, type NewWebhook, type WebhookRecord } from './webhooks.ts'

export type WebhookRow = Selectable<WebhooksTable>

const longestName = 63
const longestUrl = 500
const longestDescription = 1_000

export function checkWebhook(
  { name, url, events, description, secret }: Partial<NewWebhook>,
  { allowPrivate }: { allowPrivate: boolean },
): void {
  const refuse = (sentence: string, field: string): never => {
    throw new AppError('invalid_argument', sentence, { details: { record: 'webhook', field } })
  }
  if (name !== undefined && (name.length > longestName || !/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(name)))
    refuse(
      `The name of a webhook has 1 to ${longestName} letters, digits, '.', '_' and '-', and begins and ends with a letter or digit; '${name.slice(0, 80)}' does not.`,
      'name',
    )
  if (url !== undefined) {
    if (url.length > longestUrl) refuse(`The address of a webhook has at most ${longestUrl} characters.`, 'url')
    checkAddress(url, allowPrivate)
  }
  if (events?.length === 0) refuse('A webhook needs at least one event.', 'events')
  if ((description ?? '').length > longestDescription || (secret ?? '').length > longestDescription)
    refuse(`The description and the secret of a webhook have at most ${longestDescription} characters.`, 'description')
  if (!`${description}${secret}`.isWellFormed() || `${description}${secret}`.includes('\0'))
    refuse('The description or the secret of the webhook holds characters that are no text.', 'description')
}

export const newWebhookId = (): string => randomUUID()

export const noWebhook = (id: string): AppError =>
  new AppError('not_found', `There is no webhook '${id.slice(0, 100)}'.`, { details: { record: 'webhook', id } })

export async function getWebhookRow({ kysely }: Reader, project: string, id: string): Promise<WebhookRow> {
  const row = await kysely
    .selectFrom('webhooks as w')
    .innerJoin('projects as p', 'p.number', 'w.project')
    .selectAll('w')
    .where('p.name', '=', project)
    .where('w.id', '=', id)
    .executeTakeFirst()
  if (!row) throw noWebhook(id)
  return row
}

export const eventsOf = (row: Pick<WebhookRow, 'events'>): WebhookEvent[] => {
  const stored = JSON.parse(row.events) as string[]
  return webhookEvents.filter((event) => stored.includes(event))
}

export const toWebhook = (row: WebhookRow, project: string): WebhookRecord => ({
  id: row.id,
  project,
  name: row.name,
  url: row.url,
  events: eventsOf(row),
  description: row.description,
  hasSecret: row.secret !== null,
  isActive: row.is_active === 1,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
})
