import type { JsonValue } from '@trainyard/contract'

/** What the `text` columns hold of a value: enough for an index, whatever its length. */
const indexedTextLength = 100
/** From this length on a value may go on behind its indexed start. */
export const surelyWhole = indexedTextLength

export const indexedText = (value: JsonValue): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, indexedTextLength)

/** The number a value is, or that its text spells; null for anything else. */
export function spelledNumber(value: JsonValue): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : null
}

/** Equal values have equal texts, whatever the order of their keys. */
export const canonicalJson = (value: JsonValue): string =>
  JSON.stringify(value, (_key, part: JsonValue) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  )
