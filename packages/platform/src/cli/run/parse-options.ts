import { AppError, type JsonValue, type SecretSource } from '@trainyard/contract'

/** `key=value` taken apart at the first equals sign. */
export function splitPair(flag: string, text: string, form = 'key=value'): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new AppError('invalid_argument', `${flag} ${text}: expected ${form}.`)
  return [text.slice(0, at).trim(), text.slice(at + 1)]
}

/**
 * A parameter value as typed: JSON where it parses (numbers, true, null, lists, tables), Python's True/False/None, else the text
 * itself. Numbers that JavaScript cannot keep exactly stay text, so that nothing is rounded in silence.
 */
export function parseParameterValue(text: string): JsonValue {
  const trimmed = text.trim()
  if (trimmed === 'True') return true
  if (trimmed === 'False') return false
  if (trimmed === 'None') return null
  if (/^[+-]?\d+$/.test(trimmed) && !Number.isSafeInteger(Number(trimmed))) return text
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed)
  try {
    return JSON.parse(trimmed) as JsonValue
  } catch {
    return text
  }
}

export function parsePairs(flag: string, texts: readonly string[], form?: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of texts) {
    const [key, value] = splitPair(flag, text, form)
    if (Object.hasOwn(pairs, key) && pairs[key] !== value) {
      throw new AppError('invalid_argument', `${flag} ${key} is given twice with different values: ${pairs[key]} and ${value}.`)
    }
    pairs[key] = value
  }
  return pairs
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `90s`, `30m`, `2h`, `1d`; a bare number counts seconds. */
export function parseDurationMs(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text.trim())
  if (!match) throw new AppError('invalid_argument', `${flag} ${text}: expected a duration such as 90s, 30m or 2h.`)
  return Number(match[1]) * unitMs[match[2] ?? 's']!
}

export function parseCount(flag: string, text: string, least: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
    throw new AppError('invalid_argument', `${flag} ${text}: expected a whole number of at least ${least}.`)
  }
  return value
}

/** `file=PATH`, `env=A,B`, or `KEY=VALUE` for a value of its own. */
export function parseSecretSources(texts: readonly string[]): SecretSource[] {
  return texts.map((text): SecretSource => {
    const at = text.indexOf('=')
    // The text may be the secret itself and is not repeated.
    if (at < 1) throw new AppError('invalid_argument', '-s takes file=PATH, env=NAME or KEY=VALUE.')
    const [key, value] = [text.slice(0, at), text.slice(at + 1)]
    return key === 'file' || key === 'env' ? { kind: key, source: value } : { kind: 'inline', source: { [key]: value } }
  })
}
