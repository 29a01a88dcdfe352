import type { SpanValue, SpanValues } from '../../traces/index.ts'
import { readExactJson } from '../../base/exact-json.ts'
import { isDeeperThan } from '../json-depth.ts'
import type { OtlpSpan } from './otlp-span.ts'

const deepest = 100
/** A value in a value stands four levels deeper in the JSON: an object, its kind, a list, an entry. */
const deepestJson = 4 * deepest + 12

/** The spans of an export request in OpenTelemetry's JSON; throws a SyntaxError or RangeError when it is none. */
export function readOtlpJson(body: string): OtlpSpan[] {
  if (isDeeperThan(body, deepestJson)) throw new RangeError(`Values are nested deeper than ${deepest} levels.`)
  const request = mapOf(readExactJson(body))
  return listOf(field(request, 'resourceSpans')).flatMap((resource) =>
    listOf(field(mapOf(resource), 'scopeSpans')).flatMap((scope) =>
      listOf(field(mapOf(scope), 'spans')).map((span) => toSpan(mapOf(span))),
    ),
  )
}

/** By its name in lowerCamelCase, or in snake_case. */
const field = (message: SpanValues, name: string): SpanValue =>
  message[name] ?? message[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] ?? null

const refuse = (what: string): never => {
  throw new RangeError(`It holds ${what} where it should not.`)
}

const isList = (value: SpanValue): value is readonly SpanValue[] => Array.isArray(value)
const listOf = (value: SpanValue): readonly SpanValue[] => (value === null ? [] : isList(value) ? value : refuse('no list'))
const mapOf = (value: SpanValue): SpanValues =>
  value === null ? {} : typeof value === 'object' && !isList(value) ? value : refuse('no object')
const textOf = (value: SpanValue): string => (value === null ? '' : typeof value === 'string' ? value : refuse('no text'))

function integerOf(value: SpanValue): bigint {
  if (value === null) return 0n
  if (typeof value === 'bigint') return value
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : refuse('no integer')
}

/** Ids are digits in this JSON; base64, as other JSON of protocol buffers has them, is understood too. */
function idOf(value: SpanValue, digits: number): string {
  const written = textOf(value)
  if (written === '' || (written.length === digits && /^[0-9a-fA-F]+$/.test(written))) return written.toLowerCase()
  const bytes = Buffer.from(written, 'base64')
  return bytes.length === digits / 2 ? bytes.toString('hex') : refuse('no id')
}

const toSpan = (span: SpanValues): OtlpSpan => {
  const status = mapOf(field(span, 'status'))
  return {
    traceId: idOf(field(span, 'traceId'), 32),
    spanId: idOf(field(span, 'spanId'), 16),
    parentSpanId: idOf(field(span, 'parentSpanId'), 16),
    name: textOf(field(span, 'name')),
    startNs: integerOf(field(span, 'startTimeUnixNano')),
    endNs: integerOf(field(span, 'endTimeUnixNano')),
    attributes: attributesOf(field(span, 'attributes'), 0),
    events: listOf(field(span, 'events'))
      .map(mapOf)
      .map((event) => ({
        name: textOf(field(event, 'name')),
        atNs: integerOf(field(event, 'timeUnixNano')),
        attributes: attributesOf(field(event, 'attributes'), 0),
      })),
    links: listOf(field(span, 'links'))
      .map(mapOf)
      .map((link) => ({
        traceId: idOf(field(link, 'traceId'), 32),
        spanId: idOf(field(link, 'spanId'), 16),
        attributes: attributesOf(field(link, 'attributes'), 0),
      })),
    status: { code: statusOf(field(status, 'code')), message: textOf(field(status, 'message')) },
  }
}

function statusOf(value: SpanValue): number {
  if (typeof value === 'string' && !/^\d+$/.test(value))
    return ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'].indexOf(value)
  return Number(integerOf(value))
}

function attributesOf(value: SpanValue, depth: number): Record<string, SpanValue> {
  const found: Record<string, SpanValue> = Object.create(null)
  for (const entry of listOf(value).map(mapOf)) found[textOf(field(entry, 'key'))] = valueOf(field(entry, 'value'), depth)
  return found
}

function valueOf(value: SpanValue, depth: number): SpanValue {
  if (depth > deepest) throw new RangeError(`Values are nested deeper than ${deepest} levels.`)
  const any = mapOf(value)
  const [string, boolean, integer, double] = ['stringValue', 'boolValue', 'intValue', 'doubleValue'].map((name) =>
    field(any, name),
  )
  if (string !== null) return textOf(string!)
  if (boolean !== null) return boolean === true
  if (integer !== null) return integerOf(integer!)
  if (double !== null) return typeof double === 'string' ? doubleOf(double) : Number(double)
  const [array, map, bytes] = ['arrayValue', 'kvlistValue', 'bytesValue'].map((name) => field(any, name))
  if (array !== null) return listOf(field(mapOf(array!), 'values')).map((item) => valueOf(item, depth + 1))
  if (map !== null) return attributesOf(field(mapOf(map!), 'values'), depth + 1)
  return bytes ?? null
}

const doubleOf = (written: string): number => {
  const number = Number(written)
  return Number.isNaN(number) && written !== 'NaN' ? refuse('no number') : number
}
