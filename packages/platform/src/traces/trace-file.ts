import { readExactJson } from '../base/exact-json.ts'
import type { SpanRecord, SpanValue, SpanValues } from './traces.ts'

/** Where clients that know no span store keep the spans of a trace. */
export const traceFile = 'traces.json'

/** What is larger is left as a file. */
export const largestTraceFileBytes = 64 * 1024 * 1024

/**
 * Reads `traces.json` as clients of any version write it: ids in base64, in hexadecimal digits or as `0x…`, attributes as texts that
 * hold JSON. Undefined when it is none.
 */
export function readTraceFile(traceId: string, file: string): SpanRecord[] | undefined {
  let content: SpanValue
  try {
    content = readExactJson(file)
  } catch {
    return undefined
  }
  const spans = isMap(content) ? content['spans'] : undefined
  if (!isList(spans)) return undefined
  const records = spans.map((span) => (isMap(span) ? toSpan(traceId, span) : undefined))
  return records.every((record) => record !== undefined) ? records : undefined
}

function toSpan(traceId: string, span: SpanValues): SpanRecord | undefined {
  const context = isMap(span['context']) ? span['context'] : span
  const otelTraceId = readId(context['trace_id'], 32)
  const id = readId(context['span_id'], 16)
  const startedAtNs = readTime(span['start_time_unix_nano'] ?? span['start_time'])
  if (otelTraceId === undefined || id === undefined || startedAtNs === undefined || typeof span['name'] !== 'string')
    return undefined
  const status = isMap(span['status']) ? span['status'] : { code: span['status_code'], message: span['status_message'] }
  return {
    traceId,
    otelTraceId,
    id,
    parentId: readId(span['parent_span_id'] ?? span['parent_id'] ?? null, 16) ?? null,
    name: span['name'],
    startedAtNs,
    endedAtNs: readTime(span['end_time_unix_nano'] ?? span['end_time'] ?? null) ?? null,
    status: { code: readStatus(status['code'] ?? null), message: textOr(status['message'] ?? null, '') },
    attributes: readAttributes(span['attributes'] ?? null),
    events: listOr(span['events'] ?? null).flatMap((event) => (isMap(event) ? [readEvent(event)] : [])),
    links: [],
  }
}

const isList = (value: SpanValue | undefined): value is readonly SpanValue[] => Array.isArray(value)
const isMap = (value: SpanValue | undefined): value is SpanValues =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOr = (value: SpanValue): readonly SpanValue[] => (isList(value) ? value : [])
const textOr = (value: SpanValue, other: string): string => (typeof value === 'string' ? value : other)

function readId(value: SpanValue | undefined, digits: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const plain = value.replace(/^(?:tr-|0x)/, '').toLowerCase()
  if (/^[0-9a-f]+$/.test(plain) && plain.length <= digits && (plain.length === digits || plain !== value))
    return plain.padStart(digits, '0')
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === digits / 2 ? bytes.toString('hex') : undefined
}

function readTime(value: SpanValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n ? value : undefined
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined
}

function readStatus(value: SpanValue): SpanRecord['status']['code'] {
  const code = textOr(value, '').replace(/^STATUS_CODE_/, '')
  return code === 'OK' || code === 'ERROR' ? code : 'UNSET'
}

function readAttributes(value: SpanValue): SpanValues {
  if (!isMap(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, typeof each === 'string' ? readJson(each) : each]))
}

function readJson(text: string): SpanValue {
  try {
    return readExactJson(text)
  } catch {
    // Other tracers put plain texts there.
    return text
  }
}

const readEvent = (event: SpanValues): SpanRecord['events'][number] => ({
  name: textOr(event['name'] ?? null, ''),
  atNs: readTime(event['time_unix_nano'] ?? event['timestamp'] ?? null) ?? 0n,
  attributes: isMap(event['attributes']) ? event['attributes'] : {},
})
