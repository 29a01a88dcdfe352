import type { JsonValue } from '@trainyard/contract'
import { invalid } from './errors.ts'
import { type Decoder, text } from './wire.ts'

/** A map of texts; numbers and truth values in it are taken as they are written. */
export const texts: Decoder<Record<string, string>> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(wrong(value, path, 'a map of texts'))
  const found: Record<string, string> = Object.create(null)
  for (const [key, each] of Object.entries(value)) {
    if (each === null) continue
    found[key] = typeof each === 'number' || typeof each === 'boolean' ? String(each) : text(each, `${path}.${key}`)
  }
  return found
}

/** Any JSON. */
export const json: Decoder<JsonValue> = (value) => value as JsonValue

const momentPattern = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/

/** A moment as `2025-01-31T12:00:00.123Z`, in milliseconds. */
export const moment: Decoder<number> = (value, path) => {
  const written = text(value, path)
  const parsed = momentPattern.test(written) ? Date.parse(written) : Number.NaN
  if (Number.isNaN(parsed)) throw invalid(wrong(value, path, 'a moment such as 2025-01-31T12:00:00.123Z'))
  return parsed
}

/** A duration as `1.5s`, in milliseconds, rounded down. */
export const duration: Decoder<number> = (value, path) => {
  const written = text(value, path)
  const found = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(written)
  if (!found) throw invalid(wrong(value, path, 'a duration such as 1.5s'))
  const [, sign, seconds, fraction = ''] = found
  const milliseconds = Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
  return sign === '' || milliseconds === 0 ? milliseconds : -milliseconds
}

export const writeMoment = (atMs: number): string =>
  new Date(Math.min(Math.max(atMs, -largestMoment), largestMoment)).toISOString()

/** The end of the year 9999, the last that four digits can say. */
const largestMoment = 253_402_300_799_999

export const writeDuration = (durationMs: number): string => {
  const [sign, size] = durationMs < 0 ? ['-', -durationMs] : ['', durationMs]
  const milliseconds = size % 1000
  return `${sign}${(size - milliseconds) / 1000}${milliseconds === 0 ? '' : `.${String(milliseconds).padStart(3, '0')}`}s`
}

const wrong = (value: unknown, path: string, right: string): string =>
  `Invalid value ${(JSON.stringify(value) ?? 'null').slice(0, 200)} for parameter '${path}' supplied: it must be ${right}.`
