import { boundValuesPerQuery, type Reader } from '../database/index.ts'
import { toAssessment } from './assessment-records.ts'
import { readExactJson, readExactValues } from '../base/exact-json.ts'
import type { SpanRecord, SpanValues, TraceRecord, TraceState } from './traces.ts'

/** In the order given, one query per kind of thing. */
export async function loadTraces(reader: Reader, numbers: readonly number[]): Promise<TraceRecord[]> {
  if (numbers.length === 0) return []
  const { kysely } = reader
  const list = reader.dialect.numberList(numbers)
  const rows = await kysely
    .selectFrom('traces as t')
    .innerJoin('experiments as e', 'e.number', 't.experiment')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .selectAll('t')
    .select('p.name as project_name')
    .where('t.number', 'in', list)
    .execute()
  const found = new Map<number, TraceRecord>()
  for (const row of rows) {
    found.set(row.number, {
      id: row.id,
      experimentId: String(row.experiment),
      project: row.project_name,
      clientRequestId: row.client_request_id,
      state: row.state as TraceState,
      startedAtMs: row.started_at,
      durationMs: row.duration,
      requestPreview: row.request_preview,
      responsePreview: row.response_preview,
      tags: Object.create(null) as Record<string, string>,
      metadata: Object.create(null) as Record<string, string>,
      assessments: [],
      spanCount: 0,
    })
  }
  for (const [table, field] of [
    ['trace_tags', 'tags'],
    ['trace_metadata', 'metadata'],
  ] as const) {
    const query = kysely.selectFrom(table).select(['trace', 'key', 'value']).where('trace', 'in', list)
    for (const [trace, key, value] of await reader.arrays(query))
      found.get(trace as number)![field][key as string] = value as string
  }
  const counts = kysely
    .selectFrom('trace_spans')
    .select(({ fn }) => ['trace', fn.countAll<number | string>().as('spans')])
    .where('trace', 'in', list)
    .groupBy('trace')
  for (const { trace, spans } of await counts.execute()) found.get(trace)!.spanCount = Number(spans)
  const assessments = await kysely.selectFrom('assessments').selectAll().where('trace', 'in', list).orderBy('number').execute()
  for (const row of assessments) {
    const trace = found.get(row.trace)!
    trace.assessments.push(toAssessment(row, trace.id))
  }
  return numbers.flatMap((number) => found.get(number) ?? [])
}

interface Details {
  otelTraceId: string
  start: bigint
  end: bigint | null
  message: string
  events: { name: string; at: bigint; attributes: SpanValues }[]
  links: { traceId: string; spanId: string; attributes: SpanValues }[]
}

/** See `Traces.spansOf`. */
export async function loadSpans({ kysely }: Reader, ids: readonly string[]): Promise<Map<string, SpanRecord[]>> {
  const found = new Map<string, SpanRecord[]>()
  for (let at = 0; at < ids.length; at += boundValuesPerQuery) {
    const rows = await kysely
      .selectFrom('trace_spans as s')
      .innerJoin('traces as t', 't.number', 's.trace')
      .select(['t.id as trace', 's.id', 's.parent', 's.name', 's.status', 's.attributes', 's.details'])
      .where('t.id', 'in', ids.slice(at, at + boundValuesPerQuery))
      .orderBy('s.started_at')
      .orderBy('s.id')
      .execute()
    for (const row of rows) {
      const details = readExactJson(row.details) as unknown
      const spans = found.get(row.trace) ?? []
      if (spans.length === 0) found.set(row.trace, spans)
      spans.push(toSpan(row, details as Details))
    }
  }
  return found
}

const toSpan = (
  row: { trace: string; id: string; parent: string | null; name: string; status: string; attributes: string },
  details: Details,
): SpanRecord => ({
  traceId: row.trace,
  otelTraceId: details.otelTraceId,
  id: row.id,
  parentId: row.parent,
  name: row.name,
  startedAtNs: details.start,
  endedAtNs: details.end,
  status: { code: row.status as SpanRecord['status']['code'], message: details.message },
  attributes: readExactValues(row.attributes),
  events: details.events.map(({ name, at, attributes }) => ({ name, atNs: at, attributes })),
  links: details.links,
})
