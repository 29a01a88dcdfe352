import type { Reader } from '../database/index.ts'
import { readHistory } from './metric-history.ts'
import { numbersPerPoint, stepRangeOf } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'

/**
 * The points that the series does not hold yet, in order of arrival; one given twice counts once. A client that repeats a request
 * whose answer it never saw sends the same points again. Points behind the latest one, by step and time, are new without a look:
 * that is every point of a program that logs as it goes.
 */
export async function withoutKnown(reader: Reader, series: SeriesState, numbers: Float64Array): Promise<Float64Array> {
  if (isAscending(series, numbers)) return numbers
  const { low, high } = stepRangeOf(numbers)
  const known = new Set<string>()
  if (series.number !== undefined) {
    const stored = await readHistory(reader, series, { from: low, to: high, limit: Number.POSITIVE_INFINITY })
    for (const { step, timeMs, value } of stored) known.add(nameOf(step, timeMs, value))
  }
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

const nameOf = (step: number, timeMs: number, value: number): string => `${step} ${timeMs} ${value}`

function isAscending(series: SeriesState, numbers: Float64Array): boolean {
  let [lastStep, lastTimeMs] = [series.lastStep, series.lastTimeMs]
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const [step, timeMs] = [numbers[at]!, numbers[at + 1]!]
    if (step < lastStep || (step === lastStep && timeMs <= lastTimeMs)) return false
    lastStep = step
    lastTimeMs = timeMs
  }
  return true
}
