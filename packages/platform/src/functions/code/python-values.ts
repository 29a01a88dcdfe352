import type { JsonValue } from '@trainyard/contract'
import { closingBracket, splitTopLevel, stringEnd } from './python-text.ts'

/** The value of a literal (`0.1`, `'pq'`, `None`, `[1, 2]`, `{'a': True}`); anything else as its text. */
export function pythonValue(source: string): JsonValue {
  const value = readLiteral(source.trim())
  return value === undefined ? source.trim() : value
}

/** The text of a string literal, with its escapes; undefined when it is none, or not made of letters only (bytes, f-strings). */
export function pythonString(source: string): string | undefined {
  const opened = /^([rRuU]{0,2})("""|'''|"|')/.exec(source)
  if (!opened || stringEnd(source, 0) !== source.length) return undefined
  const [whole, prefix = '', quote = ''] = opened
  const content = source.slice(whole.length, source.length - quote.length)
  if (/r/i.test(prefix)) return content
  return content.replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\n)|([\s\S]))/g, unescape)
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0', a: '\x07', b: '\b', f: '\f', v: '\v' }

function unescape(whole: string, ...groups: unknown[]): string {
  const [two, four, eight, newline, other] = groups as (string | undefined)[]
  const digits = two ?? four ?? eight
  if (digits !== undefined) {
    const point = Number.parseInt(digits, 16)
    return point <= 0x10_ff_ff ? String.fromCodePoint(point) : whole
  }
  if (newline !== undefined) return ''
  if (other === '\\' || other === '"' || other === "'") return other
  return escapes[other ?? ''] ?? whole
}

function readLiteral(source: string): JsonValue | undefined {
  if (source === 'None') return null
  if (source === 'True') return true
  if (source === 'False') return false
  if (/^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?$/.test(source)) return Number(source.replaceAll('_', ''))
  const text = pythonString(source)
  if (text !== undefined) return text
  const isWhole = closingBracket(source, 0) === source.length - 1
  if (/^[[(]/.test(source) && isWhole) return readList(source)
  if (source.startsWith('{') && isWhole) return readTable(source.slice(1, -1))
  return undefined
}

function readList(source: string): JsonValue | undefined {
  const parts = splitTopLevel(source.slice(1, -1), ',').map((part) => part.trim())
  // `(x)` is no tuple.
  if (source.startsWith('(') && parts.length === 1) return parts[0] === '' ? [] : readLiteral(parts[0]!)
  if (parts.at(-1) === '') parts.pop()
  const values = parts.map(readLiteral)
  return values.every((value) => value !== undefined) ? values : undefined
}

function readTable(source: string): JsonValue | undefined {
  const entries = splitTopLevel(source, ',').flatMap((part) => (part.trim() === '' ? [] : [splitTopLevel(part, ':', 2)]))
  const pairs: [string, JsonValue][] = []
  for (const [key = '', value] of entries) {
    const name = pythonString(key.trim())
    const content = value === undefined ? undefined : readLiteral(value.trim())
    if (name === undefined || content === undefined) return undefined
    pairs.push([name, content])
  }
  return Object.fromEntries(pairs)
}
