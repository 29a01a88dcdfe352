/** JSON whose integers are bigints, so that `1` and `1.0` stay two things and none is too long. */
export type ExactValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | readonly ExactValue[]
  | { readonly [key: string]: ExactValue }
export type ExactValues = Readonly<Record<string, ExactValue>>

/** JSON in which a whole double has a point (`1.0`) and an integer none, whatever its length. NaN and infinities become texts. */
export function writeExactJson(value: ExactValue): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return writeDouble(value)
  if (typeof value === 'string') return writeText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(writeExactJson).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, member]) => `${writeText(key)}: ${writeExactJson(member)}`)
    .join(', ')}}`
}

/** Without what a database may refuse to read as text: NUL and halves of characters. */
const writeText = (text: string): string => JSON.stringify(text.toWellFormed().replaceAll('\0', '\u{fffd}'))

const isList = (value: ExactValue): value is readonly ExactValue[] => Array.isArray(value)

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
export const readExactJson = (json: string): ExactValue => JSON.parse(json, exactNumbers) as ExactValue

export const readExactValues = (json: string): ExactValues => readExactJson(json) as ExactValues
