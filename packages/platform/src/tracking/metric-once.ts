import type { Reader } from '../database/index.ts'
import { readNumbers } from './metric-history.ts'
import { numbersPerPoint } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'

/**
 * The points that the series does not hold yet, in order of arrival; one given twice counts once. A client that repeats a request
 * whose answer it never saw sends the same points again. Points behind the latest one, by step and time, are new without a look:
 * that is every point of a program that logs as it goes.
 */
export async function withoutKnown(reader: Reader, series: SeriesState, numbers: Float64Array): Promise<Float64Array> {
  if (isAscending(series, numbers)) return numbers
  const known = series.number === undefined ? new Set<string>() : await storedAmong(reader, series, numbers)
  const fresh: number[] = []
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const [step, timeMs, value] = [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!]
    const name = nameOf(step, timeMs, value)
    if (known.has(name)) continue
    known.add(name)
    fresh.push(step, timeMs, value)
  }
  return Float64Array.from(fresh)
}

/**
 * The names of stored points that the given ones may repeat. Only those not behind the latest one are looked for, and only stored
 * points of their times are named: of 600,000 points at one step that is a walk over numbers instead of 3 s of texts.
 */
async function storedAmong(reader: Reader, series: SeriesState, numbers: Float64Array): Promise<Set<string>> {
  const known = new Set<string>()
  const times = new Set<number>()
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const [step, timeMs] = [numbers[at]!, numbers[at + 1]!]
    if (isBehind(step, timeMs, series.lastStep, series.lastTimeMs)) continue
    times.add(timeMs)
    from = Math.min(from, step)
    to = Math.max(to, step)
    first = Math.min(first, timeMs)
    last = Math.max(last, timeMs)
  }
  if (times.size === 0) return known
  for await (const stored of readNumbers(reader, series, { from, to })) {
    for (let at = 0; at < stored.length; at += numbersPerPoint) {
      const [step, timeMs] = [stored[at]!, stored[at + 1]!]
      if (timeMs >= first && timeMs <= last && step >= from && step <= to && times.has(timeMs))
        known.add(nameOf(step, timeMs, stored[at + 2]!))
    }
  }
  return known
}

/** Whether a point comes after another in the order of step, then time. */
const isBehind = (step: number, timeMs: number, lastStep: number, lastTimeMs: number): boolean =>
  step > lastStep || (step === lastStep && timeMs > lastTimeMs)

const nameOf = (step: number, timeMs: number, value: number): string => `${step} ${timeMs} ${value}`

function isAscending(series: SeriesState, numbers: Float64Array): boolean {
  let [lastStep, lastTimeMs] = [series.lastStep, series.lastTimeMs]
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const [step, timeMs] = [numbers[at]!, numbers[at + 1]!]
    if (!isBehind(step, timeMs, lastStep, lastTimeMs)) return false
    lastStep = step
    lastTimeMs = timeMs
  }
  return true
}
