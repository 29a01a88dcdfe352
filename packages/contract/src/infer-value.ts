import type { JsonValue } from './json.ts'

const constants: Record<string, JsonValue> = {
  true: true,
  True: true,
  TRUE: true,
  false: false,
  False: false,
  FALSE: false,
  null: null,
  None: null,
}

/**
 * The value that a text stands for where nothing says its type: a number, true, false, null, a JSON list or object, else the text.
 * What would not survive as a number stays text: `007`, `1_000`, whole numbers beyond 2^53.
 */
export const inferValue = (text: string): JsonValue => {
  const trimmed = text.trim()
  if (Object.hasOwn(constants, trimmed)) return constants[trimmed]!
  if (/^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) {
    const value = Number(trimmed)
    const exact = Number.isFinite(value) && (Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(trimmed))
    if (exact) return value
  }
  if (/^[[{"]/.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as JsonValue
    } catch {
      return text
    }
  }
  return text
}

/** Each text of `name=text` pairs as the value it stands for. */
export const inferValues = (texts: Readonly<Record<string, string>>): Record<string, JsonValue> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, inferValue(text)]))
