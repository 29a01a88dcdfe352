import { createHash } from 'node:crypto'
import { AppError } from '@trainyard/contract'
import { sql } from 'kysely'
import { type ExactValue, type ExactValues, readExactJson, readExactValues, writeExactJson } from '../base/exact-json.ts'
import { boundValuesPerQuery, createKeySetOrder, type Reader, readKeySetPage, type Transaction } from '../database/index.ts'
import type { EvaluationRecordsTable } from '../database/index.ts'
import { getDatasetNumber } from './dataset-loading.ts'
import type { EvaluationRecord, EvaluationSchema, EvaluationSource, NewEvaluationRecord } from './evaluation.ts'
import { isValues, widenSchema } from './field-types.ts'

type Row = Omit<EvaluationRecordsTable, 'number'>

/** A record as it is stored, without what the database gives it. */
export interface PreparedRecord {
  hash: string
  record: NewEvaluationRecord
}

/** Beside the database: hashing thousands of records takes a while. */
export const prepareRecords = (records: readonly NewEvaluationRecord[]): PreparedRecord[] =>
  records.map((record) => ({ hash: hashOf(record.inputs), record }))

const hashOf = (inputs: ExactValues): string =>
  createHash('sha256')
    .update(writeExactJson(sorted(inputs)))
    .digest('hex')

function sorted(value: ExactValue): ExactValue {
  if (Array.isArray(value)) return (value as readonly ExactValue[]).map(sorted)
  if (!isValues(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

const rowColumns = [
  'id',
  'dataset',
  'inputs_hash',
  'inputs',
  'outputs',
  'expectations',
  'tags',
  'source',
  'created_at',
  'updated_at',
  'created_by',
  'updated_by',
] as const satisfies readonly (keyof Row)[]

/** See `EvaluationDatasets.putRecords`. */
export async function putRecords(
  transaction: Transaction,
  id: string,
  prepared: readonly PreparedRecord[],
  nowMs: number,
): Promise<{ added: number; merged: number }> {
  const dataset = await getDatasetNumber(transaction, id)
  const { kysely } = transaction
  const known = await rowsByHash(transaction, dataset, prepared)
  const changed = new Map<string, Row>()
  let [added, merged] = [0, 0]
  let by: string | null = null
  for (const { hash, record } of prepared) {
    const row = changed.get(hash) ?? known.get(hash)
    changed.set(hash, row ? merge(row, record, nowMs) : newRow(dataset, hash, record, nowMs))
    if (row) merged++
    else added++
    by = record.by ?? by
  }
  const rows = Array.from(changed.values(), (row) => rowColumns.map((column) => row[column]))
  await transaction.insertRows('evaluation_records', rowColumns, rows, {
    onConflict: { replace: ['dataset', 'inputs_hash'] },
  })
  const { name, schema } = await kysely
    .selectFrom('evaluation_datasets')
    .select(['name', 'schema'])
    .where('number', '=', dataset)
    .executeTakeFirstOrThrow()
  const wider = widenSchema(
    schema === null ? null : (JSON.parse(schema) as EvaluationSchema),
    prepared.map(({ record }) => record),
  )
  await kysely
    .updateTable('evaluation_datasets')
    .set({
      schema: wider === null ? null : JSON.stringify(wider),
      digest: digestOf(name, nowMs),
      updated_at: nowMs,
      updated_by: by,
    })
    .where('number', '=', dataset)
    .execute()
  return { added, merged }
}

/** Says that something has changed, and not what: whoever has the digest knows whether the data set is still the same. */
export const digestOf = (name: string, atMs: number): string =>
  createHash('sha256').update(`${name}:${atMs}`).digest('hex').slice(0, 8)

async function rowsByHash({ kysely }: Reader, dataset: number, prepared: readonly PreparedRecord[]): Promise<Map<string, Row>> {
  const found = new Map<string, Row>()
  for (let at = 0; at < prepared.length; at += boundValuesPerQuery) {
    const hashes = prepared.slice(at, at + boundValuesPerQuery).map(({ hash }) => hash)
    const query = kysely.selectFrom('evaluation_records').select(rowColumns)
    for (const row of await query.where('dataset', '=', dataset).where('inputs_hash', 'in', hashes).execute())
      found.set(row.inputs_hash, row)
  }
  return found
}

const newRow = (dataset: number, hash: string, record: NewEvaluationRecord, nowMs: number): Row => ({
  id: `dr-${crypto.randomUUID().replaceAll('-', '')}`,
  dataset,
  inputs_hash: hash,
  inputs: writeExactJson(record.inputs),
  // What was never said counts as an empty answer.
  outputs: writeOutputs(record.outputs === undefined ? {} : record.outputs),
  expectations: record.expectations === undefined ? null : writeExactJson(record.expectations),
  tags: writeExactJson(record.tags ?? {}),
  source: record.source === undefined ? null : writeExactJson({ type: record.source.type, data: record.source.data }),
  created_at: nowMs,
  updated_at: nowMs,
  created_by: record.by ?? null,
  updated_by: record.by ?? null,
})

const writeOutputs = (outputs: ExactValue): string | null => (outputs === null ? null : writeExactJson(outputs))

const merge = (row: Row, { outputs, expectations, tags, by }: NewEvaluationRecord, nowMs: number): Row => ({
  ...row,
  outputs: outputs === undefined ? row.outputs : writeOutputs(outputs),
  // Nothing laid over nothing says nothing.
  expectations: Object.keys(expectations ?? {}).length === 0 ? row.expectations : over(row.expectations, expectations!),
  tags: over(row.tags, tags ?? {}),
  updated_at: nowMs,
  updated_by: by ?? row.updated_by,
})

const over = (json: string | null, values: ExactValues): string =>
  writeExactJson({ ...(json === null ? {} : readExactValues(json)), ...values })

const order = createKeySetOrder({ number: sql<number>`r.number` }, [], [{ field: 'number', direction: 'ascending' }])

/** See `EvaluationDatasets.records`. */
export async function listRecords(
  reader: Reader,
  id: string,
  page: { limit?: number; cursor?: string },
): Promise<{ records: EvaluationRecord[]; next: string | null }> {
  const dataset = await getDatasetNumber(reader, id)
  const from = sql`evaluation_records as r where r.dataset = ${dataset}`
  const { numbers, next } = await readKeySetPage(reader, page, order, { number: sql`r.number`, from })
  const rows = await reader.kysely
    .selectFrom('evaluation_records')
    .select(rowColumns)
    .where('number', 'in', reader.dialect.numberList(numbers))
    .orderBy('number')
    .execute()
  return { records: rows.map((row) => toRecord(id, row)), next }
}

function toRecord(datasetId: string, row: Row): EvaluationRecord {
  return {
    id: row.id,
    datasetId,
    inputs: readExactValues(row.inputs),
    outputs: row.outputs === null ? null : readExactJson(row.outputs),
    expectations: row.expectations === null ? null : readExactValues(row.expectations),
    tags: readExactValues(row.tags),
    source: row.source === null ? null : toSource(readExactValues(row.source)),
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    createdBy: row.created_by,
    updatedBy: row.updated_by,
  }
}

const toSource = ({ type, data }: ExactValues): EvaluationSource => ({
  type: type as EvaluationSource['type'],
  data: data as ExactValues,
})

/** See `EvaluationDatasets.deleteRecords`. */
export async function deleteRecords(transaction: Transaction, id: string, recordIds: readonly string[]): Promise<number> {
  const dataset = await getDatasetNumber(transaction, id)
  let deleted = 0
  for (let at = 0; at < recordIds.length; at += boundValuesPerQuery) {
    const part = recordIds.slice(at, at + boundValuesPerQuery)
    const query = transaction.kysely.deleteFrom('evaluation_records').where('dataset', '=', dataset).where('id', 'in', part)
    deleted += Number((await query.executeTakeFirstOrThrow()).numDeletedRows)
  }
  return deleted
}

const mostRecords = 100_000

export function checkRecordCount(count: number): void {
  if (count > mostRecords)
    throw new AppError('invalid_argument', `${count} records are more than ${mostRecords} at once; send them in parts.`)
}
