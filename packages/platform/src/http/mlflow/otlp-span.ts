import type { SpanRecord, SpanValue } from '../../traces/index.ts'

/** A span as OpenTelemetry's exporters send it, whatever the encoding: ids are digits, empty when missing; times 0 when missing. */
export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  startNs: bigint
  endNs: bigint
  attributes: Record<string, SpanValue>
  events: { name: string; atNs: bigint; attributes: Record<string, SpanValue> }[]
  links: { traceId: string; spanId: string; attributes: Record<string, SpanValue> }[]
  /** 0 unset, 1 ok, 2 error. */
  status: { code: number; message: string }
}

/** The later half of the 24th century: what fits into the microseconds that spans are sorted by. */
const latestNs = 2n ** 63n - 1n

/** Undefined when the span has no ids, or times that no clock shows. */
export function toSpanRecord(span: OtlpSpan): SpanRecord | undefined {
  const parentId = span.parentSpanId === '' || /^0+$/.test(span.parentSpanId) ? null : span.parentSpanId
  const areIds = isId(span.traceId, 32) && isId(span.spanId, 16) && (parentId === null || isId(parentId, 16))
  const areTimes = [span.startNs, span.endNs, ...span.events.map(({ atNs }) => atNs)].every(
    (time) => time >= 0n && time <= latestNs,
  )
  if (!areIds || !areTimes) return undefined
  const traceId = `tr-${span.traceId}`
  return {
    traceId,
    otelTraceId: span.traceId,
    id: span.spanId,
    parentId,
    name: wellFormed(span.name),
    startedAtNs: span.startNs,
    endedAtNs: span.endNs === 0n ? null : span.endNs,
    status: { code: span.status.code === 1 ? 'OK' : span.status.code === 2 ? 'ERROR' : 'UNSET', message: span.status.message },
    attributes: { ...span.attributes, 'mlflow.traceRequestId': traceId },
    events: span.events,
    links: span.links.filter((link) => isId(link.traceId, 32) && isId(link.spanId, 16)),
  }
}

const wellFormed = (name: string): string => name.toWellFormed().replaceAll('\0', '\u{fffd}')

const isId = (digits: string, count: number): boolean => digits.length === count && !/^0+$/.test(digits)
