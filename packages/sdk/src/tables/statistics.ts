import type { JsonObject, JsonValue } from '@trainyard/contract'
import { toWireNumber } from '@trainyard/contract/json'
import type { Table } from './table.ts'

export const histogramBins = 20
const maxTopCharacters = 200

/** Missing means null, undefined or NaN. */
export const isMissing = (value: unknown): boolean => value === null || value === undefined || Number.isNaN(value)

/**
 * Statistics of every column, in order, the same the Python side makes: `name`, `type`, `count` (values that are not missing),
 * `missing`, `unique`. Numbers add `mean`, `std` (of the sample), `min`, `25%`, `50%`, `75%` (linear between neighbours), `max` and
 * `histogram` (20 equal bins over the finite values); dates add `min` and `max`; everything else adds `top` (most frequent, the
 * first of equals) and `freq`. What is not defined (the deviation of one value) is null.
 */
export const tableStatistics = (table: Table): JsonObject[] =>
  [...table.columns].map(([name, values]) => Object.assign({ name, type: columnType(values) }, columnStatistics(values)))

const typeName = (value: unknown): string => {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  if (value instanceof Date) return 'datetime'
  return Array.isArray(value) ? 'list' : 'dict'
}

/** `int`, `float`, `str`, `bool`, `datetime`, `list`, `dict`; `mixed`, and `null` for a column without values. */
export function columnType(values: ArrayLike<unknown>): string {
  if (values instanceof Float64Array || values instanceof Float32Array) return 'float'
  const kinds = new Set<string>()
  for (let index = 0; index < values.length; index++) if (!isMissing(values[index])) kinds.add(typeName(values[index]))
  if (kinds.size === 0) return 'null'
  if (kinds.size === 2 && kinds.has('int') && kinds.has('float')) return 'float'
  return kinds.size === 1 ? [...kinds][0]! : 'mixed'
}

export function columnStatistics(values: ArrayLike<unknown>): JsonObject {
  const present: unknown[] = []
  for (let index = 0; index < values.length; index++) if (!isMissing(values[index])) present.push(values[index])
  const base = { count: present.length, missing: values.length - present.length }
  if (present.length > 0 && present.every(isNumber)) return { ...base, ...numberStatistics(Float64Array.from(present, Number)) }
  if (present.length > 0 && present.every(isDate)) return { ...base, ...dateStatistics(present) }
  return { ...base, ...categoryStatistics(present) }
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
const isDate = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())
const defined = (value: number): JsonValue => (Number.isNaN(value) ? null : toWireNumber(value))

function dateStatistics(dates: readonly Date[]): JsonObject {
  const times = Float64Array.from(dates, (date) => date.getTime()).sort()
  return {
    unique: new Set(times).size,
    min: new Date(times[0]!).toISOString(),
    max: new Date(times.at(-1)!).toISOString(),
  }
}

function categoryStatistics(values: readonly unknown[]): JsonObject {
  const counts = new Map<unknown, number>()
  let top: unknown = null
  let frequency = 0
  for (const value of values) {
    const key = typeof value === 'object' ? JSON.stringify(value) : value
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const [key, count] of counts) if (count > frequency) [top, frequency] = [key, count]
  if (counts.size === 0) return { unique: 0, top: null, freq: null }
  return { unique: counts.size, top: shortTop(top), freq: frequency }
}

function shortTop(top: unknown): JsonValue {
  if (typeof top === 'boolean') return top
  if (typeof top === 'number') return toWireNumber(top)
  const text = String(top).toWellFormed()
  return text.length > maxTopCharacters ? `${text.slice(0, maxTopCharacters - 1)}…` : text
}

function numberStatistics(numbers: Float64Array): JsonObject {
  const sorted = numbers.sort()
  const mean = meanOf(sorted)
  return {
    unique: new Set(sorted).size,
    mean: defined(mean),
    std: defined(sampleDeviation(sorted, mean)),
    min: toWireNumber(sorted[0]!),
    '25%': defined(quantile(sorted, 0.25)),
    '50%': defined(quantile(sorted, 0.5)),
    '75%': defined(quantile(sorted, 0.75)),
    max: toWireNumber(sorted.at(-1)!),
    histogram: histogram(sorted.filter(Number.isFinite)),
  }
}

/** Neumaier's compensated sum: many values of one magnitude keep their last digits, as Python's `fsum` does. */
function sumOf(values: Float64Array): number {
  let sum = 0
  let lost = 0
  for (const value of values) {
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return Number.isFinite(sum) ? sum + lost : sum
}

function meanOf(values: Float64Array): number {
  const mean = sumOf(values) / values.length
  // The sum of large values overflows before their mean does.
  return Number.isFinite(mean) || !values.every(Number.isFinite) ? mean : sumOf(values.map((value) => value / values.length))
}

const sampleDeviation = (values: Float64Array, mean: number): number =>
  values.length < 2 || !Number.isFinite(mean)
    ? Number.NaN
    : Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1))

/** Linear between the two neighbours, as numpy and pandas do by default. */
export function quantile(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]!
  const above = sorted[Math.ceil(position)]!
  return below === above ? below : below + (above - below) * (position - Math.floor(position))
}

/** As numpy counts: equal bins, the last one closed on both sides, equal values in a bin around them. Null when floats cannot tell the edges apart. */
function histogram(sorted: Float64Array): JsonObject | null {
  if (sorted.length === 0) return null
  let low = sorted[0]!
  let high = sorted.at(-1)!
  if (low === high) [low, high] = [low - 0.5, high + 0.5]
  const step = (high - low) / histogramBins
  if (!Number.isFinite(step) || step === 0 || low + step === low) return null
  const edges = Array.from({ length: histogramBins + 1 }, (_, index) => (index === histogramBins ? high : low + index * step))
  const counts = Array.from({ length: histogramBins }, () => 0)
  let bin = 0
  for (const value of sorted) {
    while (bin < histogramBins - 1 && value >= edges[bin + 1]!) bin++
    counts[bin]!++
  }
  return { counts, edges }
}
