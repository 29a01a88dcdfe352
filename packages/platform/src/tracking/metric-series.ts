import { numbersPerPoint, pointsPerSegment } from './metric-segment.ts'

/** What is kept beside the points of a series: its row in `metric_series`. */
export interface SeriesState {
  /** Key of the row; undefined until the first points are stored. */
  number: number | undefined
  key: string
  pointCount: number
  /** The latest point: highest step, of those the one that arrived last. Its step is the highest of all. */
  lastStep: number
  lastTimeMs: number
  lastValue: number
  /** NaN aside; null when there was nothing else. */
  min: number | null
  max: number | null
  /** No point arrived with a lower step than one before it. */
  isOrdered: boolean
  /** Order of arrival of the first point in the segment that still grows. */
  openOrdinal: number
  /** The first so many points, in order of arrival, are of earlier attempts at the run. */
  earlierCount: number
  /** Highest step among those. */
  earlierStep: number
}

export const newSeries = (key: string): SeriesState => ({
  number: undefined,
  key,
  pointCount: 0,
  lastStep: Number.NEGATIVE_INFINITY,
  lastTimeMs: 0,
  lastValue: Number.NaN,
  min: null,
  max: null,
  isOrdered: true,
  openOrdinal: 0,
  earlierCount: 0,
  earlierStep: 0,
})

/** Which point of the highest step is the latest: the one that arrived last, or the one of the highest time, then value. */
export type LatestRule = 'arrival' | 'time'

/** The state with the points added, in order of arrival. */
export function withPoints(state: SeriesState, numbers: Float64Array, rule: LatestRule = 'arrival'): SeriesState {
  let { lastStep, lastTimeMs, lastValue, isOrdered } = state
  let min = state.min ?? Number.POSITIVE_INFINITY
  let max = state.max ?? Number.NEGATIVE_INFINITY
  let hasNumber = state.min !== null
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const step = numbers[at]!
    const value = numbers[at + 2]!
    const timeMs = numbers[at + 1]!
    if (step < lastStep) isOrdered = false
    else if (step > lastStep || rule === 'arrival' || isLater(timeMs, value, lastTimeMs, lastValue)) {
      lastStep = step
      lastTimeMs = timeMs
      lastValue = value
    }
    // Comparisons with NaN are false, so NaN never becomes an extreme.
    if (value <= min) {
      min = value
      hasNumber = true
    }
    if (value >= max) {
      max = value
      hasNumber = true
    }
  }
  const pointCount = state.pointCount + numbers.length / numbersPerPoint
  return {
    number: state.number,
    key: state.key,
    pointCount,
    lastStep,
    lastTimeMs,
    lastValue,
    min: hasNumber ? min : null,
    max: hasNumber ? max : null,
    isOrdered,
    openOrdinal: state.openOrdinal + Math.floor((pointCount - state.openOrdinal) / pointsPerSegment) * pointsPerSegment,
    earlierCount: state.earlierCount,
    earlierStep: state.earlierStep,
  }
}

/** NaN counts as 0. */
const isLater = (timeMs: number, value: number, otherTimeMs: number, otherValue: number): boolean =>
  timeMs > otherTimeMs || (timeMs === otherTimeMs && (value || 0) >= (otherValue || 0))

/** The sentence for a step that is no integer. */
export const stepProblem = (key: string, step: string): string => `The step of metric '${key}' must be an integer, not ${step}.`
