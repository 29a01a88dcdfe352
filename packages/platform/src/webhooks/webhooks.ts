/**
 * Webhooks: addresses that are told when something happens in the registry of a project. What is to be told is stored with the change
 * that it tells of, so nothing is forgotten when the server stops; it is sent by the server, again and again with growing pauses.
 */
export interface Webhooks {
  /** `invalid_argument` for a name, address or event that cannot be, `permission_denied` for an address it may not send to. */
  create(webhook: NewWebhook): Promise<WebhookRecord>
  /** `not_found` also when it is one of another project. */
  get(project: string, id: string): Promise<WebhookRecord>
  /** Oldest first. */
  list(project: string, page?: { limit?: number; cursor?: string }): Promise<{ webhooks: WebhookRecord[]; next: string | null }>
  /** Only the given fields change. */
  update(project: string, id: string, patch: WebhookPatch): Promise<WebhookRecord>
  delete(project: string, id: string): Promise<void>
  /** Sends an example of an event, the first of its own unless another is named, at once and only once. */
  test(project: string, id: string, event?: WebhookEvent): Promise<TestResult>
  /** What was sent or waits to be, newest first. Those that are over are kept for 30 days. */
  deliveries(project: string, id: string, limit?: number): Promise<DeliveryRecord[]>
}

/** `<what>.<what happened>`. */
export const webhookEvents = [
  'registered_model.created',
  'model_version.created',
  'model_version_tag.set',
  'model_version_tag.deleted',
  'model_version_alias.created',
  'model_version_alias.deleted',
  'prompt.created',
  'prompt_version.created',
  'prompt_tag.set',
  'prompt_tag.deleted',
  'prompt_version_tag.set',
  'prompt_version_tag.deleted',
  'prompt_alias.created',
  'prompt_alias.deleted',
] as const
export type WebhookEvent = (typeof webhookEvents)[number]

export interface NewWebhook {
  project: string
  name: string
  url: string
  events: readonly WebhookEvent[]
  description?: string
  /** Signs what is sent. It is never shown again. */
  secret?: string
  isActive?: boolean
}

export type WebhookPatch = Partial<Omit<NewWebhook, 'project'>>

export interface WebhookRecord {
  id: string
  project: string
  name: string
  url: string
  events: WebhookEvent[]
  description: string | null
  hasSecret: boolean
  isActive: boolean
  createdAtMs: number
  updatedAtMs: number
}

export interface TestResult {
  isDelivered: boolean
  status: number | null
  body: string | null
  error: string | null
}

export interface DeliveryRecord {
  id: string
  event: WebhookEvent
  state: 'waiting' | 'delivered' | 'failed'
  attempts: number
  createdAtMs: number
  /** When it is tried next; null when it is over. */
  nextAtMs: number | null
  lastAttemptAtMs: number | null
  status: number | null
  error: string | null
}
