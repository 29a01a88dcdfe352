import type { SpanValue, SpanValues } from './traces.ts'

/** JSON in which a whole double has a point (`1.0`) and an integer none, whatever its length. NaN and infinities become texts. */
export function writeSpanValue(value: SpanValue): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return writeDouble(value)
  if (typeof value === 'string') return writeText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(writeSpanValue).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, member]) => `${writeText(key)}: ${writeSpanValue(member)}`)
    .join(', ')}}`
}

/** Without what a database may refuse to read as text: NUL and halves of characters. */
const writeText = (text: string): string => JSON.stringify(text.toWellFormed().replaceAll('\0', '\u{fffd}'))

const isList = (value: SpanValue): value is readonly SpanValue[] => Array.isArray(value)

function writeDouble(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value))
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** What `JSON.parse` tells its reviver of a primitive: the very text it was written as. */
type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown

const exactNumbers: Reviver = (_key, value, context) =>
  typeof value === 'number' && context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value

/** The reverse; throws a SyntaxError for what is no JSON. */
export const readSpanValue = (json: string): SpanValue => JSON.parse(json, exactNumbers) as SpanValue

export const readSpanValues = (json: string): SpanValues => readSpanValue(json) as SpanValues
