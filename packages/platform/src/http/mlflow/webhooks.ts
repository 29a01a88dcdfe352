import { isAppError } from '@trainyard/contract'
import { type WebhookEvent, webhookEvents, type WebhookPatch, type WebhookRecord } from '../../webhooks/index.ts'
import { invalid, missing } from './errors.ts'
import { type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { checkLimit } from './validation.ts'
import { choice, integer, list, message, type MessageOf, required, text } from './wire.ts'

const entities = {
  ENTITY_UNSPECIFIED: 0,
  REGISTERED_MODEL: 1,
  MODEL_VERSION: 2,
  MODEL_VERSION_TAG: 3,
  MODEL_VERSION_ALIAS: 4,
  PROMPT: 5,
  PROMPT_VERSION: 6,
  PROMPT_TAG: 7,
  PROMPT_VERSION_TAG: 8,
  PROMPT_ALIAS: 9,
  BUDGET_POLICY: 10,
}
const actions = { ACTION_UNSPECIFIED: 0, CREATED: 1, UPDATED: 2, DELETED: 3, SET: 4, EXCEEDED: 5 }
const eventFields = { entity: choice(entities), action: choice(actions) }
const event = message(eventFields)
const fields = {
  name: text,
  description: text,
  url: text,
  events: list(event),
  secret: text,
  status: choice({ ACTIVE: 1, DISABLED: 2 }),
}
const mostWebhooks = 1_000

export const webhookRoutes: readonly Route[] = [
  route('POST', 'webhooks', message(fields), ({ webhooks }, request, { project }) =>
    answering(async () => {
      const webhook = {
        ...toPatch(request),
        project,
        name: required(request.name, 'name'),
        url: required(request.url, 'url'),
        events: required(request.events, 'events').map(toEvent),
      }
      return { webhook: toWebhook(await webhooks.create(webhook)) }
    }),
  ),
  route(
    'GET',
    'webhooks',
    message({ max_results: integer, page_token: text }),
    ({ webhooks }, { max_results, page_token }, { project }) =>
      answering(async () => {
        const limit = checkLimit(max_results || 100, mostWebhooks)
        const page = await webhooks.list(project, { limit, ...(page_token ? { cursor: page_token } : {}) })
        return { webhooks: present(page.webhooks.map(toWebhook)), next_page_token: page.next ?? undefined }
      }),
  ),
  route('GET', 'webhooks/:webhook_id', message({}), ({ webhooks }, _, { project, params }) =>
    answering(async () => ({ webhook: toWebhook(await webhooks.get(project, params['webhook_id']!)) })),
  ),
  route('PATCH', 'webhooks/:webhook_id', message(fields), ({ webhooks }, request, { project, params }) =>
    answering(async () => ({
      webhook: toWebhook(await webhooks.update(project, params['webhook_id']!, toPatch(request))),
    })),
  ),
  route('DELETE', 'webhooks/:webhook_id', message({}), ({ webhooks }, _, { project, params }) =>
    answering(async () => {
      await webhooks.delete(project, params['webhook_id']!)
      return {}
    }),
  ),
  route('POST', 'webhooks/:webhook_id/test', message({ event }), ({ webhooks }, request, { project, params }) =>
    answering(async () => {
      const wanted = request.event && toEvent(request.event, 0)
      const result = await webhooks.test(project, params['webhook_id']!, wanted)
      return {
        result: {
          success: result.isDelivered,
          response_status: result.status ?? undefined,
          response_body: result.body ?? undefined,
          error_message: result.error ?? undefined,
        },
      }
    }),
  ),
  // Not of the protocol: what became of what was sent.
  route(
    'GET',
    'webhooks/:webhook_id/deliveries',
    message({ max_results: integer }),
    ({ webhooks }, { max_results }, { project, params }) =>
      answering(async () => {
        const limit = checkLimit(max_results || 100, mostWebhooks)
        const deliveries = await webhooks.deliveries(project, params['webhook_id']!, limit)
        return {
          deliveries: present(
            deliveries.map((each) => ({
              delivery_id: each.id,
              event: toWireEvent(each.event),
              state: each.state.toUpperCase(),
              attempts: each.attempts,
              creation_timestamp: each.createdAtMs,
              next_attempt_timestamp: each.nextAtMs ?? undefined,
              last_attempt_timestamp: each.lastAttemptAtMs ?? undefined,
              response_status: each.status ?? undefined,
              error_message: each.error ?? undefined,
            })),
          ),
        }
      }),
  ),
]

async function answering(handler: () => Promise<object>): Promise<object> {
  try {
    return await handler()
  } catch (error) {
    if (isAppError(error, 'not_found') && error.details['record'] === 'webhook')
      throw missing(`Webhook with ID ${String(error.details['id'])} not found.`)
    // A client that names a forbidden address has made a mistake; it has every permission it needs.
    if (isAppError(error, 'permission_denied')) throw invalid(error.message)
    throw error
  }
}

function toPatch({ name, description, url, events, secret, status }: MessageOf<typeof fields>): WebhookPatch {
  return {
    ...(name ? { name } : {}),
    ...(url ? { url } : {}),
    ...(events && events.length > 0 ? { events: events.map(toEvent) } : {}),
    ...(description === undefined ? {} : { description }),
    ...(secret === undefined ? {} : { secret }),
    ...(status === undefined ? {} : { isActive: status === 'ACTIVE' }),
  }
}

function toEvent({ entity, action }: MessageOf<typeof eventFields>, at: number): WebhookEvent {
  const named = `${required(entity, `events[${at}].entity`)}.${required(action, `events[${at}].action`)}`.toLowerCase()
  const found = webhookEvents.find((each) => each === named)
  if (found === undefined)
    throw invalid(`Invalid action '${action}' for entity '${entity}'. Valid events are ${webhookEvents.join(', ')}.`)
  return found
}

const toWireEvent = (name: WebhookEvent): object => {
  const [entity = '', action = ''] = name.toUpperCase().split('.')
  return { entity, action }
}

const toWebhook = (webhook: WebhookRecord): object => ({
  webhook_id: webhook.id,
  name: webhook.name,
  description: webhook.description ?? undefined,
  url: webhook.url,
  events: webhook.events.map(toWireEvent),
  status: webhook.isActive ? 'ACTIVE' : 'DISABLED',
  creation_timestamp: webhook.createdAtMs,
  last_updated_timestamp: webhook.updatedAtMs,
})
