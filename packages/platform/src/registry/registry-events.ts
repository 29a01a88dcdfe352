import type { Clock } from '../base/clock.ts'
import type { Transaction } from '../database/index.ts'
import type { ChangeOrigin, RegistryEventKind } from './registry.ts'

/** One change under way: its transaction, when it happens, and by whom. */
export interface Change {
  readonly transaction: Transaction
  readonly atMs: number
  readonly origin: ChangeOrigin
  /** Belongs to the making of a record, which tells of it: nobody is told of it by itself. */
  readonly isPart?: true
}

export const changeOf = (transaction: Transaction, origin: ChangeOrigin, clock: Clock): Change => ({
  transaction,
  origin,
  atMs: origin.atMs ?? clock.nowMs(),
})

interface NewEvent {
  model: number
  version?: number
  kind: RegistryEventKind
  key?: string
  before?: string | null
  after?: string | null
}

/** Writes down what changed. Every change of a record calls this, or it would be forgotten. */
export async function remember({ transaction, atMs, origin, isPart }: Change, event: NewEvent): Promise<void> {
  await transaction.kysely
    .insertInto('registry_events')
    .values({
      model: event.model,
      version: event.version ?? null,
      kind: event.kind,
      key: event.key ?? null,
      before: event.before ?? null,
      after: event.after ?? null,
      at: atMs,
      by: origin.by,
      via: origin.via,
      reason: origin.reason ?? null,
      told_at: isPart ? 0 : null,
    })
    .execute()
}
