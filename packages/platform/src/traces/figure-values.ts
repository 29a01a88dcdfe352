import type { TraceAggregation } from './traces.ts'

/** A value and how often it occurs. */
export interface Weighted {
  value: number
  times: number
}

/** One figure for each aggregation; null for all but the count where there is no value. */
export function aggregate(values: readonly Weighted[], aggregations: readonly TraceAggregation[]): (number | null)[] {
  const sorted = values.toSorted((left, right) => left.value - right.value)
  const count = sorted.reduce((sum, { times }) => sum + times, 0)
  const sum = sorted.reduce((total, { value, times }) => total + value * times, 0)
  return aggregations.map((aggregation) => {
    if (aggregation === 'count') return count
    if (count === 0) return null
    if (aggregation === 'sum') return sum
    if (aggregation === 'mean') return sum / count
    if (aggregation === 'smallest') return sorted[0]!.value
    if (aggregation === 'largest') return sorted.at(-1)!.value
    return percentile(sorted, count, aggregation.percentile)
  })
}

/** Between the two values that the place lies between, in proportion. */
function percentile(sorted: readonly Weighted[], count: number, percent: number): number {
  const place = (percent / 100) * (count - 1)
  const below = Math.floor(place)
  const [low, high] = [valueAt(sorted, below), valueAt(sorted, Math.min(below + 1, count - 1))]
  return low + (high - low) * (place - below)
}

function valueAt(sorted: readonly Weighted[], place: number): number {
  let left = place
  for (const { value, times } of sorted) {
    if (left < times) return value
    left -= times
  }
  return sorted.at(-1)!.value
}
