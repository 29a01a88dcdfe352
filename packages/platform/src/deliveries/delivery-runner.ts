import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'

/** Where messages wait: a table with `number`, `state` (waiting, delivered, failed, …), `attempts`, `next_at`, `last_at`, `status`, `error`. */
export interface DeliveryQueue<Due extends Waiting = Waiting> {
  readonly table: 'webhook_deliveries' | 'notification_deliveries'
  /** Whether `enqueue` may have something to do. Asked every other second: it only reads. */
  hasNews(reader: Reader): Promise<boolean>
  /** Makes messages of what has happened. The number of things looked at. */
  enqueue(transaction: Transaction, nowMs: number): Promise<number>
  /** Messages that are due, the oldest first. */
  due(reader: Reader, nowMs: number, limit: number): Promise<Due[]>
  /** Sends one. An AppError `unavailable` means later, any other AppError never. */
  attempt(delivery: Due): Promise<Outcome>
}

export interface Waiting {
  number: number
  attempts: number
  next_at: number
}

export interface Outcome {
  /** `skipped`: there was nothing to tell after all. */
  state: 'waiting' | 'delivered' | 'failed' | 'skipped'
  status: number | null
  error: string | null
  /** Not before that, the receiver says. */
  afterMs?: number
}

export interface RunnerOptions {
  database: Database
  clock: Clock
  /** Told of what is wrong with the queue itself; what is wrong with a receiver is in its log. */
  onProblem(error: unknown): void
  /** The pause before the first repeat; it grows fourfold with each one. */
  firstPauseMs?: number
}

/** Sends what waits, as long as it lives. Several servers may do so at once. */
export interface DeliveryRunner extends AsyncDisposable {
  /** Something has changed: look now rather than soon. */
  wake(): void
}

const lookEveryMs = 2_000
const atOnce = 8
/** With pauses of 1 s, 4 s, 16 s … 68 min: about an hour and a half in all. */
const mostAttempts = 8
export const longestPauseMs = 3_600_000
/** Longer than an attempt may take: whoever dies in the middle of one leaves it to others after that. */
const leaseMs = 60_000

export function startDeliveryRunner<Due extends Waiting>(queue: DeliveryQueue<Due>, options: RunnerOptions): DeliveryRunner {
  const stopped = new AbortController()
  let waking = Promise.withResolvers<void>()
  const work = (async () => {
    while (!stopped.signal.aborted) {
      waking = Promise.withResolvers<void>()
      try {
        if (await deliverOnce(queue, options)) continue
      } catch (error) {
        options.onProblem(error)
      }
      // A stop ends the pause.
      await Promise.race([waking.promise, sleep(lookEveryMs, undefined, { signal: stopped.signal }).catch(() => {})])
    }
  })()
  return {
    wake: () => waking.resolve(),
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      waking.resolve()
      await work
    },
  }
}

/** One round; whether there may be more to do at once. */
export async function deliverOnce<Due extends Waiting>(queue: DeliveryQueue<Due>, options: RunnerOptions): Promise<boolean> {
  const { database, clock } = options
  // Most of the time there is nothing: a read costs no lock.
  const isWaiting = await database.read(
    async (reader) => (await queue.hasNews(reader)) || (await queue.due(reader, clock.nowMs(), 1)).length > 0,
  )
  if (!isWaiting) return false
  const seen = await database.write((transaction) => queue.enqueue(transaction, clock.nowMs()))
  const due = await database.write((transaction) => claim(queue, transaction, clock.nowMs()))
  await Promise.all(due.map((delivery) => attempt(queue, options, delivery)))
  return seen > 0 || due.length > 0
}

/** Messages that are due and now somebody's: nobody else is given them while the lease lasts. */
async function claim<Due extends Waiting>(queue: DeliveryQueue<Due>, transaction: Transaction, nowMs: number): Promise<Due[]> {
  const claimed: Due[] = []
  for (const delivery of await queue.due(transaction, nowMs, atOnce)) {
    const { numUpdatedRows } = await transaction.kysely
      .updateTable(queue.table)
      .set({ next_at: nowMs + leaseMs, attempts: delivery.attempts + 1, last_at: nowMs })
      .where('number', '=', delivery.number)
      .where('next_at', '=', delivery.next_at)
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 1n) claimed.push({ ...delivery, attempts: delivery.attempts + 1 })
  }
  return claimed
}

async function attempt<Due extends Waiting>(queue: DeliveryQueue<Due>, options: RunnerOptions, delivery: Due): Promise<void> {
  const { database, clock } = options
  let outcome: Outcome
  try {
    outcome = await queue.attempt(delivery)
  } catch (error) {
    if (!isAppError(error)) throw error
    outcome = { state: isAppError(error, 'unavailable') ? 'waiting' : 'failed', status: null, error: error.message }
  }
  const state = outcome.state === 'waiting' && delivery.attempts >= mostAttempts ? 'failed' : outcome.state
  const pauseMs = Math.min(longestPauseMs, (options.firstPauseMs ?? 1_000) * 4 ** (delivery.attempts - 1))
  const jitteredMs = Math.round(pauseMs * (1 + Math.random() / 4))
  await database.write(async ({ kysely }) => {
    await kysely
      .updateTable(queue.table)
      .set({
        state,
        status: outcome.status,
        error: outcome.error,
        next_at: clock.nowMs() + Math.max(jitteredMs, outcome.afterMs ?? 0),
      })
      .where('number', '=', delivery.number)
      .execute()
  })
}
