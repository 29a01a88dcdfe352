import { isAppError } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { CompilableQuery, Database, Dialect, Reader, Transaction } from '../database/index.ts'
import { storePoints } from './metric-ingest.ts'
import { decodePoints, encodePoints, numbersPerPoint, PointBuffer } from './metric-segment.ts'
import { addProblems } from './run-problems.ts'

/**
 * Points that clients report arrive in a table of their own, those of many requests in one row, and are settled into their series a
 * moment later, thousands at a time. A point costs 1 µs of database that way; straight into its series it costs 60 µs, for there it
 * rewrites a segment, the row of the series and two indexes. An arrival is as durable as anything else, and every process that
 * reads metrics, or changes them in other ways, settles what has arrived first: nobody can tell the difference.
 */
export interface Arrival {
  readonly run: number
  readonly points: readonly PointBuffer[]
}

const largestRowPoints = 20_000
/** At most 30 MB at a time. */
const rowsPerRound = 64

export async function addArrivals(transaction: Transaction, arrivals: readonly Arrival[]): Promise<void> {
  const rows: Uint8Array[][] = []
  let part: Arrival[] = []
  let count = 0
  for (const arrival of arrivals) {
    part.push(arrival)
    for (const points of arrival.points) count += points.count
    if (count < largestRowPoints) continue
    rows.push([encodeArrivals(part)])
    part = []
    count = 0
  }
  if (count > 0) rows.push([encodeArrivals(part)])
  if (rows.length > 0) await transaction.insertRows('metric_arrivals', ['body'], rows)
}

/** By dialect: the two spell it differently. */
const anyQueries = new WeakMap<Dialect, CompilableQuery>()

async function hasArrivals(reader: Reader): Promise<boolean> {
  let query = anyQueries.get(reader.dialect)
  if (!query) {
    const compiled = reader.kysely.selectFrom('metric_arrivals').select('number').limit(1).compile()
    query = { compile: () => compiled }
    anyQueries.set(reader.dialect, query)
  }
  return (await reader.arrays(query)).length > 0
}

/** Moves what has arrived into its series. Points of runs that are gone are forgotten; see `settleAll` for what cannot be stored. */
export async function settleArrivals(transaction: Transaction): Promise<void> {
  while (await hasArrivals(transaction)) {
    // Taken by deleting: of two servers that settle at once, one finds nothing left.
    const oldest = transaction.kysely.selectFrom('metric_arrivals').select('number').orderBy('number').limit(rowsPerRound)
    const taken = transaction.kysely.deleteFrom('metric_arrivals').where('number', 'in', oldest).returning(['number', 'body'])
    const rows = (await transaction.arrays(taken)) as [number, Uint8Array][]
    if (rows.length === 0) return
    await storeRows(
      transaction,
      rows.sort(([left], [right]) => left - right).map(([, body]) => body),
    )
  }
}

/** The points of one run, and the names of series some of whose points no column can hold. */
interface RunPoints {
  readonly series: Map<string, PointBuffer>
  readonly refused: Set<string>
}

async function storeRows(transaction: Transaction, bodies: readonly Uint8Array[]): Promise<void> {
  const runs = new Map<number, RunPoints>()
  for (const body of bodies) decodeArrivals(body, runs)
  for (const run of await existing(transaction, [...runs.keys()])) {
    const { series, refused } = runs.get(run)!
    await storePoints(transaction, run, [...series.values()], { once: true })
    if (refused.size > 0) await addProblems(transaction, run, [...refused].map(refusal))
  }
}

const refusal = (key: string): string =>
  `Points of the metric '${key}' were passed over: their step or time is no integer that can be stored.`

/**
 * As `settleArrivals`, in writes of its own. What fails for another reason than the disk would fail for ever, and nobody could read
 * anything: then each row is settled by itself, and one that cannot be is set aside, with a problem noted on its runs.
 */
export async function settleAll(database: Database): Promise<void> {
  try {
    await database.write(settleArrivals)
  } catch (error) {
    if (!isOfRow(error)) throw error
    const query = (reader: Reader) => reader.kysely.selectFrom('metric_arrivals').select('number').orderBy('number')
    for (const [number] of await database.read((reader) => reader.arrays(query(reader))))
      await settleRow(database, number as number)
  }
}

/** Neither the disk nor another process that is in the way. */
const isOfRow = (error: unknown): boolean => !isAppError(error) || !['storage', 'unavailable'].includes(error.code)

async function settleRow(database: Database, number: number): Promise<void> {
  try {
    await database.write(async (transaction) => storeRows(transaction, await takeRow(transaction, number)))
  } catch (error) {
    if (!isOfRow(error)) throw error
    await database.write(async (transaction) => {
      for (const body of await takeRow(transaction, number)) await setAside(transaction, body, messageOf(error))
    })
  }
}

async function takeRow(transaction: Transaction, number: number): Promise<Uint8Array[]> {
  const taken = transaction.kysely.deleteFrom('metric_arrivals').where('number', '=', number).returning('body')
  return (await transaction.arrays(taken)).map(([body]) => body as Uint8Array)
}

async function setAside(transaction: Transaction, body: Uint8Array, reason: string): Promise<void> {
  await transaction.insertRows('metric_arrivals_aside', ['body', 'reason'], [[body, reason]])
  const sentence = `Metric points that arrived could not be stored and were set aside (table metric_arrivals_aside): ${reason}`
  for (const run of await existing(transaction, runsIn(body))) await addProblems(transaction, run, [sentence])
}

/** The runs that a row names, none when it cannot be read at all. */
function runsIn(body: Uint8Array): number[] {
  try {
    const { heads } = readHead(body)
    return [...new Set(heads.filter((run, at): run is number => at % 3 === 0 && Number.isSafeInteger(run)))]
  } catch {
    return []
  }
}

async function existing(reader: Reader, runs: readonly number[]): Promise<number[]> {
  const query = reader.kysely.selectFrom('runs').select('number').where('number', 'in', reader.dialect.numberList(runs))
  return (await reader.arrays(query)).map(([number]) => number as number)
}

const alignTo8 = (bytes: number): number => Math.ceil(bytes / 8) * 8

/** Length of the head, the head as JSON (`[run, key, count, run, key, count, ...]`), then the points as in a segment. */
function encodeArrivals(arrivals: readonly Arrival[]): Uint8Array {
  const heads: (number | string)[] = []
  let numbers = 0
  for (const { run, points } of arrivals) {
    for (const { key, count } of points) {
      heads.push(run, key, count)
      numbers += count * numbersPerPoint
    }
  }
  const head = Buffer.from(JSON.stringify(heads))
  let at = alignTo8(4 + head.length)
  const body = new Uint8Array(at + numbers * 8)
  new DataView(body.buffer).setUint32(0, head.length, true)
  body.set(head, 4)
  for (const { points } of arrivals) {
    for (const each of points) {
      const bytes = encodePoints(each.numbers)
      body.set(bytes, at)
      at += bytes.length
    }
  }
  return body
}

function readHead(body: Uint8Array): { heads: (number | string)[]; pointsAt: number } {
  const length = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0, true)
  const heads = JSON.parse(Buffer.from(body.buffer, body.byteOffset + 4, length).toString()) as (number | string)[]
  return { heads, pointsAt: alignTo8(4 + length) }
}

function decodeArrivals(body: Uint8Array, runs: Map<number, RunPoints>): void {
  const { heads, pointsAt } = readHead(body)
  const numbers = decodePoints(body.subarray(pointsAt))
  let from = 0
  for (let at = 0; at < heads.length; at += 3) {
    const [run, key, count] = [heads[at] as number, heads[at + 1] as string, heads[at + 2] as number]
    let found = runs.get(run)
    if (!found) runs.set(run, (found = { series: new Map(), refused: new Set() }))
    let buffer = found.series.get(key)
    if (!buffer) found.series.set(key, (buffer = new PointBuffer(key, count)))
    const to = from + count * numbersPerPoint
    if (appendStorable(buffer, numbers.subarray(from, to)) < count) found.refused.add(key)
    from = to
  }
}

/** How many of the points were taken: what came in before times were checked has some that no column holds. */
function appendStorable(buffer: PointBuffer, numbers: Float64Array): number {
  const before = buffer.count
  let from = 0
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    if (Number.isSafeInteger(numbers[at]) && Number.isSafeInteger(numbers[at + 1])) continue
    buffer.append(numbers.subarray(from, at))
    from = at + numbersPerPoint
  }
  buffer.append(numbers.subarray(from))
  return buffer.count - before
}

/** The database, read as if every point went straight into its series. */
export const readSettled = (database: Database): Database => ({
  dialect: database.dialect,
  read: async (operation) => {
    const outcome = await database.read(async (reader) =>
      (await hasArrivals(reader)) ? undefined : { value: await operation(reader) },
    )
    if (outcome) return outcome.value
    // By itself, so that a read that throws (there is no such run) takes nothing back of it.
    await settleAll(database)
    return await database.read(operation)
  },
  write: (operation) => database.write(operation),
  inspect: () => database.inspect(),
  sizeBytes: () => database.sizeBytes(),
  compact: () => database.compact(),
  close: () => database.close(),
  [Symbol.asyncDispose]: () => database.close(),
})
