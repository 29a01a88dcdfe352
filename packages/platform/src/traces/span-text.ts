import { AppError } from '@trainyard/contract'
import { readExactJson, writeExactJson } from '../base/exact-json.ts'
import type { SpanRecord, SpanValue, SpanValues } from './traces.ts'

/** A span as it travels from one machine of ours to another: JSON in which no number loses a digit. */
export const writeSpan = (span: SpanRecord): string => writeExactJson({ ...span })

/** The reverse; `invalid_argument` for anything else. */
export function readSpan(text: string): SpanRecord {
  const span = asMap(parse(text), 'span')
  const status = asMap(span['status'], 'status')
  const { code } = status
  if (code !== 'OK' && code !== 'ERROR' && code !== 'UNSET') throw wrong('status.code', 'OK, ERROR or UNSET')
  return {
    traceId: asText(span['traceId'], 'traceId'),
    otelTraceId: asId(span['otelTraceId'], 'otelTraceId', 32),
    id: asId(span['id'], 'id', 16),
    parentId: span['parentId'] === null ? null : asId(span['parentId'], 'parentId', 16),
    name: asText(span['name'], 'name'),
    startedAtNs: asTime(span['startedAtNs'], 'startedAtNs'),
    endedAtNs: span['endedAtNs'] === null ? null : asTime(span['endedAtNs'], 'endedAtNs'),
    status: { code, message: asText(status['message'], 'status.message') },
    attributes: asMap(span['attributes'], 'attributes'),
    events: asList(span['events'], 'events').map((each) => {
      const event = asMap(each, 'events')
      return {
        name: asText(event['name'], 'events.name'),
        atNs: asTime(event['atNs'], 'events.atNs'),
        attributes: asMap(event['attributes'], 'events.attributes'),
      }
    }),
    links: asList(span['links'], 'links').map((each) => {
      const link = asMap(each, 'links')
      return {
        traceId: asText(link['traceId'], 'links.traceId'),
        spanId: asText(link['spanId'], 'links.spanId'),
        attributes: asMap(link['attributes'], 'links.attributes'),
      }
    }),
  }
}

function parse(text: string): SpanValue {
  try {
    return readExactJson(text)
  } catch {
    throw new AppError('invalid_argument', `A span is not JSON: ${text.slice(0, 60)}`)
  }
}

const wrong = (field: string, form: string): AppError =>
  new AppError('invalid_argument', `The field ${field} of a span is not ${form}.`)

function asMap(value: SpanValue | undefined, field: string): SpanValues {
  if (typeof value !== 'object' || value === null || isList(value)) throw wrong(field, 'an object')
  return value
}

const isList = (value: SpanValue): value is readonly SpanValue[] => Array.isArray(value)

function asList(value: SpanValue | undefined, field: string): readonly SpanValue[] {
  if (value === undefined || !isList(value)) throw wrong(field, 'a list')
  return value
}

function asText(value: SpanValue | undefined, field: string): string {
  if (typeof value !== 'string') throw wrong(field, 'a text')
  return value
}

function asId(value: SpanValue | undefined, field: string, digits: number): string {
  const text = asText(value, field)
  if (text.length !== digits || !/^[0-9a-f]+$/.test(text)) throw wrong(field, `${digits} hexadecimal digits`)
  return text
}

/** What fits into the microseconds that spans are sorted by. */
const latestNs = 2n ** 63n - 1n

function asTime(value: SpanValue | undefined, field: string): bigint {
  if (typeof value !== 'bigint' || value < 0n || value > latestNs) throw wrong(field, 'a time in nanoseconds since 1970')
  return value
}
