import type { JsonValue } from '@trainyard/contract'
import { visible } from './visible.ts'

/**
 * A number for people: whole numbers in full, others with `digits` significant digits and no trailing zeros, powers of ten from
 * 1e7 up and below 1e-4, and `NaN`, `inf`, `-inf` by name.
 */
export function formatNumber(value: number, digits = 5): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return '0'
  if (Number.isSafeInteger(value) && Math.abs(value) < 1e12) return String(value)
  const size = Math.abs(value)
  if (size >= 1e7 || size < 1e-4) {
    const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e')
    return `${withoutTrailingZeros(mantissa)}e${exponent.replace('+', '')}`
  }
  return withoutTrailingZeros(value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size)))))
}

const withoutTrailingZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** A parameter or a result on one line: numbers short, texts visible, the rest as JSON, cut at `maxLength` characters. */
export function formatValue(value: JsonValue | undefined, maxLength = 60): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return formatNumber(value)
  const text = typeof value === 'string' ? visible(value) : JSON.stringify(value)
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Powers of 1000, three significant digits: `1.23 MB`. */
export function formatBytes(sizeBytes: number): string {
  let size = sizeBytes
  let unit = 0
  while (Math.abs(size) >= 999.5 && unit < byteUnits.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? String(size) : formatNumber(size, 3)} ${byteUnits[unit]}`
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** `340 ms`, `4.2 s`, `3m 05s`, `2h 10m`, `3d 4h`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs)
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / secondMs).toFixed(1)} s`
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const rounded = Math.round(ms / secondMs) * secondMs
  if (rounded < hourMs) return `${Math.floor(rounded / minuteMs)}m ${two((rounded % minuteMs) / secondMs)}s`
  if (rounded < dayMs) return `${Math.floor(rounded / hourMs)}h ${two((rounded % hourMs) / minuteMs)}m`
  return `${Math.floor(rounded / dayMs)}d ${Math.floor((rounded % dayMs) / hourMs)}h`
}

/** How long ago, in one unit: `now`, `12s`, `5m`, `3h`, `2d`; beyond 60 days the date. A moment in the future is `now`. */
export function formatAge(atMs: number, nowMs: number): string {
  const age = nowMs - atMs
  if (age < secondMs) return 'now'
  if (age < minuteMs) return `${Math.floor(age / secondMs)}s`
  if (age < hourMs) return `${Math.floor(age / minuteMs)}m`
  if (age < dayMs) return `${Math.floor(age / hourMs)}h`
  if (age < 60 * dayMs) return `${Math.floor(age / dayMs)}d`
  return formatTime(atMs).slice(0, 10)
}

/** Local time as `2026-03-01 14:05:09`. */
export function formatTime(atMs: number): string {
  const at = new Date(atMs)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

export { countOf } from '@trainyard/contract'

/** The first eight digits of a run's id are its time down to about a minute; twelve tell runs of one second apart. */
export const shortId = (id: string): string => id.slice(0, 12)

/** As `shortId`, with as many digits more as tell the ids of one listing apart: iterations may begin in one millisecond. */
export function shortIds(ids: Iterable<string>): (id: string) => string {
  const sorted = [...new Set(ids)].sort()
  let digits = 12
  for (let index = 1; index < sorted.length; index++) {
    const [one, other] = [sorted[index - 1]!, sorted[index]!]
    while (digits < one.length && one.slice(0, digits) === other.slice(0, digits)) digits++
  }
  return (id) => id.slice(0, digits)
}
