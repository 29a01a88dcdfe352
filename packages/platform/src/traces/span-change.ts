import type { Transaction } from '../database/index.ts'
import { checkText, checkTraceId } from './trace-names.ts'
import { writeExactJson } from '../base/exact-json.ts'
import { summarize, type SpanSummary } from './span-summary.ts'
import { getExperimentNumber, putMetadata, putTexts, traceNumbers } from './trace-rows.ts'
import type { SpanRecord } from './traces.ts'

const columns = ['trace', 'id', 'parent', 'name', 'type', 'status', 'started_at', 'attributes', 'details'] as const

/** A span of which everything is decided but the trace's integer key. */
export interface SpanRow {
  traceId: string
  values: readonly (string | number | null)[]
}

export function toSpanRow(span: SpanRecord): SpanRow {
  checkTraceId(span.traceId)
  checkText('name of a span', span.name)
  const type = span.attributes['mlflow.spanType']
  const details = {
    otelTraceId: span.otelTraceId,
    start: span.startedAtNs,
    end: span.endedAtNs,
    message: span.status.message,
    events: span.events.map(({ name, atNs, attributes }) => ({ name, at: atNs, attributes })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes })),
  }
  return {
    traceId: span.traceId,
    values: [
      span.id,
      span.parentId,
      span.name,
      typeof type === 'string' ? type : 'UNKNOWN',
      span.status.code,
      Number(span.startedAtNs / 1000n),
      writeExactJson(span.attributes),
      writeExactJson(details),
    ],
  }
}

/** See `Traces.addSpans`. */
export async function addSpans(
  transaction: Transaction,
  experimentId: string,
  spans: readonly SpanRecord[],
  rows: readonly SpanRow[],
): Promise<void> {
  const summaries = summarize(spans)
  const known = await traceNumbers(transaction, [...summaries.keys()])
  const numbers = new Map(known)
  if (known.size < summaries.size) {
    const experiment = await getExperimentNumber(transaction, experimentId)
    for (const [id, summary] of summaries) {
      if (!known.has(id)) numbers.set(id, await createTrace(transaction, experiment, id, summary))
    }
  }
  await transaction.insertRows(
    'trace_spans',
    columns,
    rows.map(({ traceId, values }) => [numbers.get(traceId)!, ...values]),
    { onConflict: { replace: ['trace', 'id'] } },
  )
  for (const [id, summary] of summaries) await follow(transaction, numbers.get(id)!, summary)
}

async function createTrace({ kysely }: Transaction, experiment: number, id: string, summary: SpanSummary): Promise<number> {
  const { number } = await kysely
    .insertInto('traces')
    .values({
      id,
      experiment,
      client_request_id: null,
      state: 'IN_PROGRESS',
      started_at: summary.startedAtMs,
      duration: null,
      request_preview: null,
      response_preview: null,
      is_told: 0,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  return number
}

/** What the spans say of their trace, as far as nobody told of it. */
async function follow(transaction: Transaction, number: number, summary: SpanSummary): Promise<void> {
  const { kysely } = transaction
  const trace = await kysely
    .selectFrom('traces')
    .select(['is_told', 'state', 'started_at', 'duration', 'request_preview', 'response_preview'])
    .where('number', '=', number)
    .executeTakeFirstOrThrow()
  const { root } = summary
  const isOpen = trace.state === 'IN_PROGRESS' || trace.state === 'STATE_UNSPECIFIED'
  const startedAtMs = trace.is_told ? trace.started_at : Math.min(trace.started_at, summary.startedAtMs)
  const endedAtMs = Math.max(summary.endedAtMs ?? 0, trace.duration === null ? 0 : trace.started_at + trace.duration)
  const set = {
    ...(isOpen && root?.state ? { state: root.state } : {}),
    ...(trace.request_preview === null && root?.request !== undefined ? { request_preview: root.request } : {}),
    ...(trace.response_preview === null && root?.response !== undefined ? { response_preview: root.response } : {}),
    ...(trace.is_told ? {} : { started_at: startedAtMs, ...(endedAtMs > 0 ? { duration: endedAtMs - startedAtMs } : {}) }),
  }
  if (Object.keys(set).length > 0) await kysely.updateTable('traces').set(set).where('number', '=', number).execute()
  if (trace.is_told) return
  await putTexts(transaction, 'trace_tags', number, root?.tags ?? {})
  await putMetadata(transaction, number, await metadataOf(transaction, number, summary))
}

async function metadataOf({ kysely }: Transaction, number: number, summary: SpanSummary): Promise<Record<string, string>> {
  const found = { ...summary.metadata }
  if (!summary.hasTokens) return found
  // Parents that sum up their children may have come in another batch: the whole tree is looked at.
  const rows = await kysely.selectFrom('trace_spans').select(['id', 'parent', 'attributes']).where('trace', '=', number).execute()
  const tokens = sumTokens(rows)
  if (tokens) found['mlflow.trace.tokenUsage'] = JSON.stringify(tokens)
  return found
}

/** A span that counts for all below it stands instead of them. */
export function sumTokens(
  rows: readonly { id: string; parent: string | null; attributes: string }[],
): Record<string, number> | undefined {
  const parents = new Map(rows.map(({ id, parent }) => [id, parent]))
  const counts = new Map<string, Record<string, number>>()
  for (const { id, attributes } of rows) {
    if (!attributes.includes(tokenUsage)) continue
    const usage = (JSON.parse(attributes) as Record<string, unknown>)[tokenUsage]
    if (typeof usage === 'object' && usage !== null) counts.set(id, usage as Record<string, number>)
  }
  const isCounted = (id: string): boolean => {
    const seen = new Set([id])
    for (let above = parents.get(id); above && !seen.has(above); above = parents.get(above)) {
      if (counts.has(above)) return true
      seen.add(above)
    }
    return false
  }
  const total: Record<string, number> = Object.create(null)
  for (const [id, usage] of counts) {
    if (isCounted(id)) continue
    for (const [key, count] of Object.entries(usage)) if (Number.isFinite(count)) total[key] = (total[key] ?? 0) + count
  }
  return Object.keys(total).length === 0 ? undefined : total
}

const tokenUsage = 'mlflow.chat.tokenUsage'
