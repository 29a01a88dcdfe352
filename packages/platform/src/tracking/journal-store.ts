import type { JsonValue } from '@trainyard/contract'
import { type ColumnValue, type Transaction, boundValuesPerQuery } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import type { JournalBatch } from './journal-batch.ts'
import { clip, shown } from './journal-entry.ts'
import { settleArrivals } from './metric-arrivals.ts'
import { readSeries, storePoints } from './metric-ingest.ts'
import type { SeriesState } from './metric-series.ts'
import { addProblems } from './run-problems.ts'
import { canonicalJson, indexedText, spelledNumber } from './stored-value.ts'

/** Stores what a batch says, all but the journal's position. Returns the state of the series it touched. */
export async function storeBatch(transaction: Transaction, run: number, batch: JournalBatch): Promise<SeriesState[]> {
  await settleArrivals(transaction)
  const touched = await storeMetrics(transaction, run, batch)
  await storeResults(transaction, run, batch)
  await storeParameters(transaction, run, batch)
  await storeLabels(transaction, run, batch)
  await storeInputs(transaction, run, batch)
  await storeRequests(transaction, run, batch)
  if (batch.problems.size > 0) await addProblems(transaction, run, batch.problems)
  if (batch.otherResults.size > 0 || batch.parameters.length > 0 || batch.labels.size > 0 || batch.inputs.length > 0)
    await noteChange(transaction, 'run', run)
  return touched
}

async function storeMetrics(transaction: Transaction, run: number, batch: JournalBatch): Promise<SeriesState[]> {
  if (batch.placedByStore.size > 0) {
    const stored = new Map((await readSeries(transaction, run, [...batch.placedByStore])).map((state) => [state.key, state]))
    for (const key of batch.placedByStore) batch.place(key, stored.get(key))
  }
  return await storePoints(transaction, run, [...batch.series.values()])
}

/** After the points: storing a number drops the result of that name, and these came after all numbers of theirs. */
async function storeResults(transaction: Transaction, run: number, batch: JournalBatch): Promise<void> {
  const rows = Array.from(batch.otherResults, ([key, value]) => [run, key, indexedText(value), JSON.stringify(value)])
  if (rows.length === 0) return
  await transaction.insertRows('results', ['run', 'key', 'text', 'value'], rows, { onConflict: { replace: ['run', 'key'] } })
}

async function storeParameters(transaction: Transaction, run: number, batch: JournalBatch): Promise<void> {
  if (batch.parameters.length === 0) return
  const known = await readParameters(transaction, run, [...new Set(batch.parameters.map(([key]) => key))])
  const rows: ColumnValue[][] = []
  for (const [key, value] of batch.parameters) {
    const first = known.get(key)
    if (first === undefined) {
      known.set(key, value)
      rows.push([run, key, spelledNumber(value), indexedText(value), JSON.stringify(value)])
    } else if (canonicalJson(first) !== canonicalJson(value)) {
      batch.addProblem(`Parameter '${clip(key)}' is ${shown(first)} already; the later value ${shown(value)} was not recorded.`)
    }
  }
  await transaction.insertRows('parameters', ['run', 'key', 'number', 'text', 'value'], rows)
}

async function readParameters(transaction: Transaction, run: number, keys: readonly string[]): Promise<Map<string, JsonValue>> {
  const found = new Map<string, JsonValue>()
  for (let at = 0; at < keys.length; at += boundValuesPerQuery) {
    const query = transaction.kysely
      .selectFrom('parameters')
      .select(['key', 'value'])
      .where('run', '=', run)
      .where('key', 'in', keys.slice(at, at + boundValuesPerQuery))
    for (const [key, value] of await transaction.arrays(query)) found.set(key as string, JSON.parse(value as string) as JsonValue)
  }
  return found
}

async function storeLabels(transaction: Transaction, run: number, batch: JournalBatch): Promise<void> {
  const rows = Array.from(batch.labels, ([key, value]) => [run, key, indexedText(value), value])
  if (rows.length === 0) return
  await transaction.insertRows('labels', ['run', 'key', 'text', 'value'], rows, { onConflict: { replace: ['run', 'key'] } })
}

/** An input given again takes the newer address and keeps its place. */
async function storeInputs(transaction: Transaction, run: number, batch: JournalBatch): Promise<void> {
  if (batch.inputs.length === 0) return
  const { kysely } = transaction
  const stored = await transaction.arrays(kysely.selectFrom('inputs').select(['key', 'ordinal']).where('run', '=', run))
  const ordinals = new Map(stored.map(([key, ordinal]) => [key as string, ordinal as number]))
  const rows = batch.inputs.map(({ key, url, sizeBytes, sha256 }) => {
    const ordinal = ordinals.get(key) ?? ordinals.size
    ordinals.set(key, ordinal)
    return [run, key, ordinal, url, sizeBytes ?? null, sha256 ?? null]
  })
  const columns = ['run', 'key', 'ordinal', 'url', 'size_bytes', 'sha256']
  await transaction.insertRows('inputs', columns, rows, { onConflict: { replace: ['run', 'key'] } })
}

async function storeRequests(transaction: Transaction, run: number, batch: JournalBatch): Promise<void> {
  if (batch.requests.length === 0) return
  const rows = batch.requests.map(({ sequence, timeMs, type, body }) => [
    run,
    batch.journal,
    sequence,
    timeMs,
    type,
    JSON.stringify(body),
  ])
  await transaction.insertRows('journal_requests', ['run', 'journal', 'sequence', 'time', 'type', 'body'], rows)
}
