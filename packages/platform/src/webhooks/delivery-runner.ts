import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { GuardedAnswer } from '../base/guarded-request.ts'
import type { SecretBox } from '../base/secret-box.ts'
import type { Database } from '../database/index.ts'
import { claim, type DueDelivery, enqueue } from './delivery-queue.ts'
import { send } from './send.ts'

export interface DeliveryOptions {
  database: Database
  secrets: SecretBox
  allowPrivate: boolean
  clock: Clock
  /** Told of what is wrong with the queue itself; what is wrong with a webhook is in its log. */
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
const longestPauseMs = 3_600_000

export function startDeliveries(options: DeliveryOptions): DeliveryRunner {
  const stopped = new AbortController()
  let waking = Promise.withResolvers<void>()
  const work = (async () => {
    while (!stopped.signal.aborted) {
      waking = Promise.withResolvers<void>()
      try {
        if (await deliverOnce(options)) continue
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
async function deliverOnce(options: DeliveryOptions): Promise<boolean> {
  const { database, clock } = options
  // Most of the time there is nothing: a read costs no lock.
  const isWaiting = await database.read(async ({ kysely }) => {
    const change = await kysely
      .selectFrom('registry_events')
      .select('number')
      .where('told_at', 'is', null)
      .limit(1)
      .executeTakeFirst()
    if (change) return true
    const due = kysely.selectFrom('webhook_deliveries').select('number').where('state', '=', 'waiting')
    return (await due.where('next_at', '<=', clock.nowMs()).limit(1).executeTakeFirst()) !== undefined
  })
  if (!isWaiting) return false
  const seen = await database.write((transaction) => enqueue(transaction, clock.nowMs()))
  const due = await database.write((transaction) => claim(transaction, clock.nowMs(), atOnce))
  await Promise.all(due.map((delivery) => attempt(options, delivery)))
  return seen > 0 || due.length > 0
}

async function attempt(options: DeliveryOptions, delivery: DueDelivery): Promise<void> {
  const { database, secrets, allowPrivate, clock } = options
  let outcome: Outcome
  try {
    const secret = delivery.secret === null ? null : secrets.open(delivery.secret)
    const answer = await send({ ...delivery, deliveryId: delivery.id, secret, atMs: clock.nowMs(), allowPrivate })
    outcome = judge(answer)
  } catch (error) {
    if (!isAppError(error)) throw error
    outcome = { state: isAppError(error, 'unavailable') ? 'waiting' : 'failed', status: null, error: error.message }
  }
  const state = outcome.state === 'waiting' && delivery.attempts >= mostAttempts ? 'failed' : outcome.state
  const pauseMs = Math.min(longestPauseMs, (options.firstPauseMs ?? 1_000) * 4 ** (delivery.attempts - 1))
  const jitteredMs = Math.round(pauseMs * (1 + Math.random() / 4))
  await database.write(async ({ kysely }) => {
    await kysely
      .updateTable('webhook_deliveries')
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

interface Outcome {
  state: 'waiting' | 'delivered' | 'failed'
  status: number | null
  error: string | null
  /** Not before that, the receiver says. */
  afterMs?: number
}

function judge({ status, headers, body }: GuardedAnswer): Outcome {
  if (status >= 200 && status < 300) return { state: 'delivered', status, error: null }
  const error = `It answered with ${status}: ${body.slice(0, 200).toWellFormed().replaceAll('\0', '')}`
  const isPassing = status >= 500 || status === 429 || status === 408
  if (!isPassing) return { state: 'failed', status, error }
  const seconds = Number(headers['retry-after'])
  return { state: 'waiting', status, error, ...(seconds > 0 ? { afterMs: Math.min(longestPauseMs, seconds * 1000) } : {}) }
}
