import type { ExpressionReader, ExpressionToken } from './expression-reader.ts'
import { fieldKind, quoteText } from './filter-fields.ts'
import type { FilterValue, RunField } from './filter.ts'
import { didYouMean } from './nearest.ts'
import { runStates } from './states.ts'

const unitsMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `'90s'`, `'2h'`, `'1h30m'` in milliseconds; `undefined` for anything else. */
export const parseDurationText = (text: string): number | undefined => {
  const compact = text.replaceAll(/\s+/g, '').toLowerCase()
  if (!/^(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:ms|sec|s|min|m|h|d|w))+$/.test(compact)) return undefined
  let total = 0
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ms|sec|s|min|m|h|d|w)/g)) {
    total += Number(amount) * unitsMs[unit!]!
  }
  return total
}

const isoPattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * A point in time as epoch milliseconds: ISO 8601 (`'2026-11-21'`, `'2026-11-21T08:30'`; UTC unless it names an offset), `'now'`,
 * or how long ago (`'7d'`, `'2h'`, `'30m ago'`).
 */
export const parseTimeText = (text: string, nowMs: number): number | undefined => {
  const trimmed = text.trim()
  if (trimmed.toLowerCase() === 'now') return nowMs
  const ago = parseDurationText(trimmed.replace(/\s*ago$/i, ''))
  if (ago !== undefined) return nowMs - ago
  const parts = isoPattern.exec(trimmed)
  if (parts === null) return undefined
  const [, day, time = '00:00', zone = 'Z'] = parts
  const milliseconds = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  // Date.parse rolls 2026-02-30 over into March; a day that does not exist is a mistake, not another day.
  if (!Number.isFinite(milliseconds) || !new Date(`${day}T00:00Z`).toISOString().startsWith(day!)) return undefined
  return milliseconds
}

const runKinds = ['run', 'sweep', 'iteration']

/** Reads one value that fits `field`. */
export const parseFilterValue = (
  reader: ExpressionReader,
  field: RunField,
  options: { nowMs: number; pattern: boolean },
): FilterValue => {
  const token = reader.current
  const literal = literalOf(reader, token, field)
  const value = options.pattern ? patternOf(reader, token, literal) : valueOf(reader, token, field, literal, options.nowMs)
  reader.next()
  return value
}

const literalOf = (reader: ExpressionReader, token: ExpressionToken, field: RunField): FilterValue => {
  if (token.type === 'quoted' && token.quote !== '`') return token.text
  if (token.type === 'number') return token.value
  if (token.type !== 'word') return reader.expected('a value: a number, a text in quotes, true or false')
  const word = token.text.toLowerCase()
  if (['and', 'or', 'not', 'in', 'is', 'null'].includes(word))
    return reader.expected(`a value (put ${token.text} in quotes if it is one)`)
  if (fieldKind(field) === 'text') return token.text
  if (word === 'true') return true
  if (word === 'false') return false
  if (word === 'nan') return Number.NaN
  if (word === 'inf' || word === 'infinity') return Number.POSITIVE_INFINITY
  if (fieldKind(field) === 'any') return reader.fail(`put ${token.text} in quotes if it is a text`)
  return token.text
}

const patternOf = (reader: ExpressionReader, token: ExpressionToken, literal: FilterValue): string =>
  typeof literal === 'string' ? literal : reader.fail(`a pattern is a text: put ${reader.describe(token)} in quotes`)

const valueOf = (
  reader: ExpressionReader,
  token: ExpressionToken,
  field: RunField,
  literal: FilterValue,
  nowMs: number,
): FilterValue => {
  switch (fieldKind(field)) {
    case 'number':
      if (typeof literal === 'number') return literal
      return reader.fail(`${field.name} is a number: ${reader.describe(token)} is not one (numbers have no quotes)`)
    case 'text':
      // A number or a word is its own text: labels.build = 7 means '7'.
      return checkName(reader, field, typeof literal === 'string' ? literal : token.text)
    case 'time': {
      const time = typeof literal === 'string' ? parseTimeText(literal, nowMs) : literal
      if (typeof time === 'number' && Number.isFinite(time)) return time
      return reader.fail(
        `${reader.describe(token)} is not a time: write '2026-11-21', '2026-11-21T08:30Z', or how long ago, such as '7d' or '2h'`,
      )
    }
    case 'duration': {
      const duration = typeof literal === 'string' ? parseDurationText(literal) : undefined
      return (
        duration ?? reader.fail(`${reader.describe(token)} is not a duration: write a number with a unit, such as '90s' or '2h'`)
      )
    }
    case 'any':
    default:
      return literal
  }
}

const checkName = (reader: ExpressionReader, field: RunField, value: string): string => {
  if (field.scope !== 'attribute') return value
  const known = field.name === 'state' ? runStates : field.name === 'kind' ? runKinds : undefined
  if (known === undefined || known.includes(value)) return value
  return reader.fail(
    `there is no ${field.name} ${value}${didYouMean(value, known)}; it is one of ${known.join(', ')}`,
    reader.current.position,
    { unknown: value },
  )
}

const durationUnits = ['h', 'm', 's'] as const

/** The text that `parseFilterValue` reads back as the same value for this field. */
export const printFilterValue = (field: RunField, value: FilterValue, pattern = false): string => {
  if (typeof value === 'string') return quoteText(value, "'")
  if (typeof value === 'boolean') return String(value)
  const kind = pattern ? 'any' : fieldKind(field)
  if (
    kind === 'time' &&
    Number.isInteger(value) &&
    !Object.is(value, -0) &&
    value >= -62_167_219_200_000 &&
    value < 253_402_300_800_000
  ) {
    return `'${new Date(value).toISOString()}'`
  }
  if (kind === 'duration') {
    const whole = (unit: string): boolean => value > 0 && Number.isSafeInteger(value) && Number.isInteger(value / unitsMs[unit]!)
    const unit = durationUnits.find(whole) ?? 'ms'
    return `'${value / unitsMs[unit]!}${unit}'`
  }
  return printNumber(value)
}

export const printNumber = (value: number): string => {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}
