import type { SpanRecord, SpanValue, SpanValues } from '../../traces/index.ts'
import { writeExactJson } from '../../base/exact-json.ts'

/** OpenTelemetry's JSON of a value: each says its type, integers are texts of any length. */
export function toAnyValue(value: SpanValue): object {
  if (value === null) return {}
  if (typeof value === 'string') return { string_value: value }
  if (typeof value === 'boolean') return { bool_value: value }
  if (typeof value === 'bigint') {
    // Longer ones are no integers there.
    return BigInt.asIntN(64, value) === value ? { int_value: String(value) } : { double_value: Number(value) }
  }
  if (typeof value === 'number') return { double_value: Number.isFinite(value) ? value : String(value) }
  if (isList(value)) return { array_value: { values: value.map(toAnyValue) } }
  return { kvlist_value: { values: toKeyValues(value) } }
}

const isList = (value: SpanValue): value is readonly SpanValue[] => Array.isArray(value)

const toKeyValues = (values: SpanValues): object[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: toAnyValue(value) }))

const base64 = (digits: string): string => Buffer.from(digits, 'hex').toString('base64')

const statusCodes = { UNSET: 'STATUS_CODE_UNSET', OK: 'STATUS_CODE_OK', ERROR: 'STATUS_CODE_ERROR' }

/** A span as OpenTelemetry's message in JSON of protocol buffers: ids are base64 there. */
export const toOtelSpan = (span: SpanRecord): object => ({
  trace_id: base64(span.otelTraceId),
  span_id: base64(span.id),
  parent_span_id: span.parentId === null ? '' : base64(span.parentId),
  name: span.name,
  start_time_unix_nano: String(span.startedAtNs),
  end_time_unix_nano: span.endedAtNs === null ? undefined : String(span.endedAtNs),
  attributes: toKeyValues(span.attributes),
  events: span.events.map(({ name, atNs, attributes }) => ({
    name,
    time_unix_nano: String(atNs),
    attributes: toKeyValues(attributes),
  })),
  links: span.links.map(({ traceId, spanId, attributes }) => ({
    trace_id: base64(traceId),
    span_id: base64(spanId),
    attributes: toKeyValues(attributes),
  })),
  status: { code: statusCodes[span.status.code], message: span.status.message || undefined },
})

/** The file `traces.json` that clients without a span store write and read: attributes are texts that hold JSON. */
export function toTraceFile(spans: readonly SpanRecord[]): string {
  const written = spans.map((span) => ({
    trace_id: base64(span.otelTraceId),
    span_id: base64(span.id),
    parent_span_id: span.parentId === null ? null : base64(span.parentId),
    name: span.name,
    start_time_unix_nano: span.startedAtNs,
    end_time_unix_nano: span.endedAtNs,
    events: span.events.map(({ name, atNs, attributes }) => ({ name, time_unix_nano: atNs, attributes })),
    status: { code: statusCodes[span.status.code], message: span.status.message },
    attributes: Object.fromEntries(Object.entries(span.attributes).map(([key, value]) => [key, writeExactJson(value)])),
    links: span.links.map(({ traceId, spanId, attributes }) => ({ trace_id: `tr-${traceId}`, span_id: spanId, attributes })),
  }))
  return writeExactJson({ spans: written })
}
