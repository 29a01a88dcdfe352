import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import { type Database, type Transaction, withRider } from '../database/index.ts'
import type { KeptAnswer, KeptAnswers } from './tracking.ts'

/** After this long a key is free again. */
export const answersKeptMs = 24 * 60 * 60 * 1_000
/** The status of work that was stored and not yet answered. */
const carriedOut = 202
/** A request that was begun and never finished: its server has died. */
const abandonedAfterMs = 5 * 60 * 1_000

export function createKeptAnswers(database: Database, clock: Clock): KeptAnswers {
  return {
    begin: (key, request) => database.write((transaction) => begin(transaction, { key, request, nowMs: clock.nowMs() })),
    carry: (key, work) =>
      withRider(async ({ kysely }) => {
        await kysely.updateTable('kept_answers').set({ status: carriedOut }).where('key', '=', key).execute()
      }, work),
    keep: (key, { status, body }) =>
      database.write(async ({ kysely }) => {
        await kysely.updateTable('kept_answers').set({ status, body }).where('key', '=', key).execute()
      }),
    forget: (key) =>
      database.write(async ({ kysely }) => {
        await kysely.deleteFrom('kept_answers').where('key', '=', key).where('body', 'is', null).execute()
      }),
  }
}

async function begin(
  { kysely }: Transaction,
  { key, request, nowMs }: { key: string; request: string; nowMs: number },
): Promise<KeptAnswer | undefined> {
  await kysely
    .deleteFrom('kept_answers')
    .where('at', '<', nowMs - answersKeptMs)
    .execute()
  const known = await kysely.selectFrom('kept_answers').selectAll().where('key', '=', key).executeTakeFirst()
  if (known) {
    if (known.request !== request)
      throw new AppError(
        'failed_precondition',
        'This Idempotency-Key was used for another request; take a new one for each request, and the same only to repeat it.',
        { details: { field: 'Idempotency-Key' } },
      )
    if (known.status !== null && known.body !== null) return { status: known.status, body: known.body }
    if (nowMs - known.at < abandonedAfterMs)
      throw new AppError('already_exists', 'The request with this Idempotency-Key is being carried out; ask again in a moment.', {
        details: { field: 'Idempotency-Key' },
      })
    if (known.status !== null)
      throw new AppError(
        'already_exists',
        'The request with this Idempotency-Key was carried out, but its server died before the answer was kept; look at what is there now, and take a new key for another request.',
        { details: { field: 'Idempotency-Key' } },
      )
    await kysely.updateTable('kept_answers').set({ at: nowMs }).where('key', '=', key).execute()
    return undefined
  }
  await kysely.insertInto('kept_answers').values({ key, request, status: null, body: null, at: nowMs }).execute()
  return undefined
}
