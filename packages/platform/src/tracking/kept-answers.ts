import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import { type Database, type Transaction, withRider } from '../database/index.ts'
import type { KeptAnswers } from './tracking.ts'

/** After this long a key is free again. */
export const answersKeptMs = 24 * 60 * 60 * 1_000
/** Work that was stored and not yet answered; work that was answered. */
const [carriedOut, answered] = [202, 200]
/** A server that is still taken for present does not answer any more: its machine is lost, or cut off. */
const lostAfterMs = 5 * 60 * 1_000
const details = { field: 'Idempotency-Key' }

export function createKeptAnswers(database: Database, clock: Clock): KeptAnswers {
  /** Work of this server that goes on, by number. */
  const inHand = new Set<number>()
  let begun = 0
  return {
    once: async (key, request, work) => {
      const number = ++begun
      inHand.add(number)
      try {
        const asked = { key, request, number, nowMs: clock.nowMs() }
        const kept = await database.write((transaction) => begin(transaction, { ...asked, inHand }))
        return kept ?? (await carryOut(database, asked, work))
      } finally {
        inHand.delete(number)
      }
    },
  }
}

interface Asked {
  key: string
  request: string
  number: number
  nowMs: number
}

/** Who carries work out: a server, and which of its works it is. */
const holderOf = async (transaction: Transaction, number: number): Promise<string> => `${await transaction.presence()}/${number}`

/** Takes the key for the request; the answer where there is one already. */
async function begin(
  transaction: Transaction,
  { key, request, number, nowMs, inHand }: Asked & { inHand: ReadonlySet<number> },
): Promise<string | undefined> {
  const { kysely } = transaction
  await kysely
    .deleteFrom('kept_answers')
    .where('at', '<', nowMs - answersKeptMs)
    .execute()
  const known = await kysely.selectFrom('kept_answers').selectAll().where('key', '=', key).executeTakeFirst()
  const holder = await holderOf(transaction, number)
  if (!known) {
    await kysely.insertInto('kept_answers').values({ key, request, status: null, body: null, at: nowMs, holder }).execute()
    return undefined
  }
  if (known.request !== request)
    throw new AppError(
      'failed_precondition',
      'This Idempotency-Key was used for another request; take a new one for each request, and the same only to repeat it.',
      { details },
    )
  if (known.body !== null) return known.body
  if (await isAtIt(transaction, known.holder, { inHand, isLost: nowMs - known.at >= lostAfterMs }))
    throw new AppError('already_exists', 'The request with this Idempotency-Key is being carried out; ask again in a moment.', {
      details,
    })
  if (known.status !== null)
    throw new AppError(
      'already_exists',
      'The request with this Idempotency-Key was carried out, but its server died before the answer was kept; look at what is there now, and take a new key for another request.',
      { details },
    )
  await kysely.updateTable('kept_answers').set({ at: nowMs, holder }).where('key', '=', key).execute()
  return undefined
}

async function isAtIt(
  transaction: Transaction,
  holder: string | null,
  { inHand, isLost }: { inHand: ReadonlySet<number>; isLost: boolean },
): Promise<boolean> {
  if (holder === null) return false
  const [presence = '', number] = holder.split('/')
  if (presence === (await transaction.presence())) return inHand.has(Number(number))
  return !isLost && (await transaction.isPresent(presence))
}

async function carryOut(database: Database, { key, number }: Asked, work: () => Promise<string>): Promise<string> {
  let body: string
  try {
    body = await withRider((transaction) => noteCarriedOut(transaction, { key, number }), work)
  } catch (error) {
    await database.write(async (transaction) => {
      const holder = await holderOf(transaction, number)
      await transaction.kysely.deleteFrom('kept_answers').where('key', '=', key).where('holder', '=', holder).execute()
    })
    throw error
  }
  await database.write((transaction) => noteOurs(transaction, { key, number }, { status: answered, body }))
  return body
}

/** Whoever was taken for dead meanwhile stores nothing: the work is another's now. */
async function noteCarriedOut(transaction: Transaction, { key, number }: Pick<Asked, 'key' | 'number'>): Promise<void> {
  if (!(await noteOurs(transaction, { key, number }, { status: carriedOut })))
    throw new AppError('unavailable', 'Another server has taken this request over; repeat it with the same Idempotency-Key.', {
      details,
    })
}

/** False when the key is another's by now. */
async function noteOurs(
  transaction: Transaction,
  { key, number }: Pick<Asked, 'key' | 'number'>,
  values: { status: number; body?: string },
): Promise<boolean> {
  const holder = await holderOf(transaction, number)
  const ours = transaction.kysely.updateTable('kept_answers').where('key', '=', key).where('holder', '=', holder)
  const { numUpdatedRows } = await ours.set(values).executeTakeFirst()
  return numUpdatedRows > 0n
}
