import { AppError } from '@trainyard/contract'
import { boundValuesPerQuery, type Database, type Reader, type Transaction } from '../database/index.ts'
import { addSpans, toSpanRow } from './span-change.ts'
import { linkToRun } from './trace-change.ts'
import { checkImage, putImage } from './trace-image.ts'
import { loadTraces } from './trace-loading.ts'
import { getExperimentNumber, traceNumbers } from './trace-rows.ts'
import type { ShippedTraces, TraceParcel } from './traces.ts'

export const createShippedTraces = (database: Database): ShippedTraces => ({
  ofRun: (runId, page) => database.read((reader) => pageOfRun(reader, runId, page)),
  put: async (parcel, options) => {
    const { trace, spans } = parcel
    checkImage(trace)
    if (spans.some(({ traceId }) => traceId !== trace.id))
      throw new AppError('invalid_argument', `The spans that came with the trace '${trace.id}' are of another one.`)
    const rows = spans.map(toSpanRow)
    await database.write((transaction) => put(transaction, parcel, { ...options, rows }))
  },
  digests: (runId, ids) => database.read((reader) => digestsOf(reader, runId, ids)),
})

async function pageOfRun(
  reader: Reader,
  runId: string,
  page: Parameters<ShippedTraces['ofRun']>[1],
): ReturnType<ShippedTraces['ofRun']> {
  const ofRun = reader.kysely
    .selectFrom('trace_runs as l')
    .innerJoin('runs as r', 'r.number', 'l.run')
    .select('l.trace')
    .where('r.id', '=', runId)
    .orderBy('l.trace')
  const asked =
    'ids' in page
      ? ofRun.where('l.trace', 'in', reader.dialect.numberList([...(await traceNumbers(reader, page.ids)).values()]))
      : ofRun.where('l.trace', '>', page.after).limit(page.limit)
  const rows = await asked.execute()
  const numbers = rows.map(({ trace }) => trace)
  const records = await loadTraces(reader, numbers)
  const prompts =
    numbers.length === 0
      ? []
      : await reader.kysely
          .selectFrom('trace_prompts')
          .selectAll()
          .where('trace', 'in', reader.dialect.numberList(numbers))
          .orderBy('prompt')
          .execute()
  const promptsOf = Map.groupBy(prompts, ({ trace }) => trace)
  return {
    traces: records.map(({ project: _project, spanCount: _count, ...record }, at) => ({
      ...record,
      tags: inOrder(record.tags),
      metadata: inOrder(record.metadata),
      prompts: (promptsOf.get(numbers[at]!) ?? []).map(({ prompt }) => prompt),
    })),
    last: numbers.at(-1),
  }
}

/** The same texts are written the same way by everybody. */
const inOrder = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).sort(([left], [right]) => (left < right ? -1 : 1)))

async function put(
  transaction: Transaction,
  { trace, spans, digest }: TraceParcel,
  { runId, experimentId, revision, rows }: Parameters<ShippedTraces['put']>[1] & { rows: ReturnType<typeof toSpanRow>[] },
): Promise<void> {
  const { kysely } = transaction
  const stored = await kysely
    .selectFrom('traces as t')
    .leftJoin('trace_shipments as s', 's.trace', 't.number')
    .select('s.revision')
    .where('t.id', '=', trace.id)
    .executeTakeFirst()
  if (stored?.revision === null)
    throw new AppError('already_exists', `There is a trace '${trace.id}' here that was not sent by another machine.`, {
      details: { record: 'trace', id: trace.id },
    })
  if (stored && stored.revision > revision) return
  const number = await putImage(transaction, trace, await getExperimentNumber(transaction, experimentId))
  await kysely
    .insertInto('trace_shipments')
    .values({ trace: number, revision, digest })
    .onConflict((conflict) => conflict.column('trace').doUpdateSet({ revision, digest }))
    .execute()
  await linkToRun(transaction, [trace.id], runId)
  if (spans.length > 0) await addSpans(transaction, experimentId, spans, rows)
}

async function digestsOf({ kysely }: Reader, runId: string, ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let at = 0; at < ids.length; at += boundValuesPerQuery) {
    const rows = await kysely
      .selectFrom('trace_shipments as s')
      .innerJoin('traces as t', 't.number', 's.trace')
      .innerJoin('trace_runs as l', 'l.trace', 't.number')
      .innerJoin('runs as r', 'r.number', 'l.run')
      .select(['t.id', 's.digest'])
      .where('r.id', '=', runId)
      .where('t.id', 'in', ids.slice(at, at + boundValuesPerQuery))
      .where('s.digest', 'is not', null)
      .execute()
    for (const { id, digest } of rows) if (digest !== null) found.set(id, digest)
  }
  return found
}
