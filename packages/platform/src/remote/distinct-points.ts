import type { MetricPoint } from '@trainyard/contract'

/** How many points there are when equal ones (step, time and value) count once. `points` are in order of step. */
export function countDistinct(points: readonly MetricPoint[]): number {
  let count = 0
  let step: number | undefined
  // Of one step only: a long series must not be held a second time.
  const seen = new Set<string>()
  for (const point of points) {
    if (point.step !== step) {
      count += seen.size
      seen.clear()
      step = point.step
    }
    seen.add(`${point.timeMs} ${point.value}`)
  }
  return count + seen.size
}
