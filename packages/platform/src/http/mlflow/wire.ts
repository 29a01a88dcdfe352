import { deepestBody, isDeeperThan } from '../json-depth.ts'
import { invalid, MlflowError } from './errors.ts'

/**
 * The protocol's messages as its clients write them: JSON of protocol buffers, leniently. Names in snake_case or lowerCamelCase,
 * unknown ones passed over, null as absent, integers and doubles also as text. A decoder takes what was written and where.
 */
export type Decoder<Value> = (value: unknown, path: string) => Value

type Fields = Record<string, Decoder<unknown>>
/** What a message decodes to: every field may be absent. */
export type MessageOf<F extends Fields> = { [Name in keyof F]?: ReturnType<F[Name]> }

export function message<F extends Fields>(fields: F): Decoder<MessageOf<F>> {
  const names = Object.keys(fields).map((name) => ({ name, camel: toCamelCase(name), decode: fields[name]! }))
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(value, path)
    const written = value as Record<string, unknown>
    const decoded: Record<string, unknown> = {}
    for (const { name, camel, decode } of names) {
      const given = written[name] ?? (camel === name ? undefined : written[camel])
      if (given !== undefined && given !== null) decoded[name] = decode(given, path === '' ? name : `${path}.${name}`)
    }
    return decoded as MessageOf<F>
  }
}

const toCamelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A single value still means a list of one: that is how a query repeats a field once. */
export const list =
  <Value>(decode: Decoder<Value>): Decoder<Value[]> =>
  (value, path) => {
    if (Array.isArray(value)) {
      try {
        return value.map((item) => decode(item, ''))
      } catch {
        // Once more, to say where: building the path of each of 1,000 items costs more than reading them.
        return value.map((item, at) => decode(item, `${path}[${at}]`))
      }
    }
    if (typeof value === 'object') throw wrongType(value, path)
    return [decode(value, path)]
  }

export const text: Decoder<string> = (value, path) => {
  if (typeof value === 'string') return value
  throw wrongType(value, path)
}

/** Ids that old clients write as numbers. */
export const idText: Decoder<string> = (value, path) => (Number.isSafeInteger(value) ? String(value) : text(value, path))

export const double: Decoder<number> = (value, path) => {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string') {
    if (value === 'NaN') return Number.NaN
    if (/^-?Infinity$/.test(value)) return Number(value)
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) return Number(value)
  }
  throw wrongType(value, path)
}

/** A 64-bit integer; those beyond 2^53, which no double holds, are refused rather than rounded. */
export const integer: Decoder<number> = (value, path) => {
  const number = typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value) ? Number(value) : value
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : (number as number)
  throw wrongType(value, path)
}

export const boolean: Decoder<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  if (typeof value === 'string')
    throw invalid(`Invalid boolean value: ${value}. Must be 'true' or 'false' for parameter '${path}'.`)
  throw wrongType(value, path)
}

/** By name or number; an unknown name counts as absent. */
export const choice =
  <Name extends string>(numbers: Readonly<Record<Name, number>>): Decoder<Name | undefined> =>
  (value, path) => {
    if (typeof value === 'string' && Object.hasOwn(numbers, value)) return value as Name
    if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(value, path)
    return (Object.keys(numbers) as Name[]).find((name) => numbers[name] === Number(value))
  }

const pythonTypes: Record<string, string> = { string: 'str', boolean: 'bool', object: 'dict' }

function wrongType(value: unknown, path: string): Error {
  const type = Array.isArray(value)
    ? 'list'
    : typeof value === 'number'
      ? Number.isInteger(value)
        ? 'int'
        : 'float'
      : (pythonTypes[typeof value] ?? 'NoneType')
  const shown = canonical(value)
  return invalid(
    `Invalid value ${shown.length > 500 ? `${shown.slice(0, 500)}...` : shown} for parameter '${path}' supplied:  Hint: Value was of type '${type}'. ${seeDocs}`,
  )
}

/** With sorted keys and a space behind colons and commas, as Python prints it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}: ${canonical((value as Record<string, unknown>)[key])}`).join(', ')}}`
}

const seeDocs = 'See the API docs for more information about request parameters.'

export const missingParameter = (path: string): Error => invalid(`Missing value for required parameter '${path}'. ${seeDocs}`)

/** A field that must be there; an empty text counts as absent. */
export function required<Value>(value: Value | undefined, path: string): Value {
  if (value === undefined || value === '') throw missingParameter(path)
  return value
}

/**
 * Reads a body. What is no JSON counts as an empty message, a JSON text that holds JSON is read once more. A bare `NaN`, which is no
 * JSON but what careless clients print, is refused by name, and so is what is nested too deeply.
 */
export function parseBody(body: string): unknown {
  if (body === '') return {}
  checkDepth(body)
  let value: unknown
  try {
    value = JSON.parse(body)
    if (typeof value === 'string') {
      checkDepth(value)
      value = JSON.parse(value)
    }
  } catch (error) {
    if (error instanceof MlflowError) throw error
    if (/:\s*-?(?:NaN|Infinity)\b/.test(body))
      throw invalid('The body is not valid JSON: write NaN and infinities as texts, "NaN" and "Infinity".')
    return {}
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/** Refuses a JSON text nested so deeply that going through it would overflow the stack. */
export function checkDepth(json: string): void {
  if (isDeeperThan(json, deepestBody)) throw invalid(`The JSON is nested more than ${deepestBody} levels deep.`)
}

const largestDouble = Number.MAX_VALUE

/** A double as the protocol writes it: NaN as a text, infinities as the largest double, which is what clients expect. */
export const toWireDouble = (value: number): number | 'NaN' => {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return largestDouble
  return value === Number.NEGATIVE_INFINITY ? -largestDouble : value
}

/** Doubles that stand for infinities come in as such. */
export const fromWireDouble = (value: number): number => {
  if (value >= largestDouble) return Number.POSITIVE_INFINITY
  return value <= -largestDouble ? Number.NEGATIVE_INFINITY : value
}
