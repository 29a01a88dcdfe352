import { isEnded } from '@trainyard/contract'
import type { RunRecord } from '../api/types.ts'
import { readNumber } from '../api/client.ts'
import { goalOf, mainMetric } from '../format/goal.ts'

export interface Goal {
  metric: string
  direction: 'max' | 'min'
  /** Nobody said it: the name of the metric did. */
  isGuessed: boolean
}

/** What a sweep looks for: its selector, else the main metric of its iterations. */
export function goalOfSweep(run: RunRecord, iterations: readonly RunRecord[]): Goal | undefined {
  const selector = run.task?.sweep?.selector
  const written = selector === undefined ? null : /^(?:(max|min)\.)?(.+)$/.exec(selector)
  if (written?.[2]) return { metric: written[2], direction: written[1] === 'min' ? 'min' : 'max', isGuessed: false }
  const counts = new Map<string, number>()
  for (const iteration of iterations)
    for (const [key, value] of Object.entries(iteration.results))
      if (readNumber(value) !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  const metric = mainMetric(Array.from(counts, ([name, runCount]) => ({ name, runCount })))
  return metric === undefined ? undefined : { metric, direction: goalOf(metric), isGuessed: true }
}

export const valueOf = (run: RunRecord, metric: string): number => readNumber(run.results[metric]) ?? Number.NaN

export function bestOf(iterations: readonly RunRecord[], { metric, direction }: Goal): RunRecord | undefined {
  let best: RunRecord | undefined
  for (const run of iterations) {
    const value = valueOf(run, metric)
    if (!Number.isFinite(value)) continue
    if (!best || (direction === 'max' ? value > valueOf(best, metric) : value < valueOf(best, metric))) best = run
  }
  return best
}

/** Parameters that are not the same everywhere. */
export function varyingParameters(runs: readonly RunRecord[]): string[] {
  const names = new Set(runs.flatMap((run) => Object.keys(run.parameters)))
  return [...names].filter((name) => new Set(runs.map((run) => JSON.stringify(run.parameters[name]))).size > 1).toSorted()
}

const mostGroups = 6

/**
 * How much of the goal's variance each parameter explains by itself: the correlation ratio over its values, numbers with many values in
 * groups of equal size, corrected for the number of groups (epsilon squared), so that many values of few runs explain nothing. It sees no
 * interactions, and says so on the page.
 */
export function importanceOf(runs: readonly RunRecord[], goal: Goal): { name: string; share: number }[] {
  const usable = runs.filter((run) => Number.isFinite(valueOf(run, goal.metric)))
  const values = usable.map((run) => valueOf(run, goal.metric))
  const total = variationOf(values)
  if (total === 0 || usable.length < 4) return []
  return varyingParameters(usable)
    .flatMap((name) => {
      const groups = [...Map.groupBy(usable, groupingOf(usable, name)).values()]
      const free = usable.length - groups.length
      if (groups.length > usable.length / 2) return []
      const within = groups.reduce((sum, members) => sum + variationOf(members.map((run) => valueOf(run, goal.metric))), 0)
      return { name, share: Math.max(0, 1 - within / free / (total / (usable.length - 1))) }
    })
    .toSorted((left, right) => right.share - left.share)
}

/** The sum of the squared distances to the mean. */
function variationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}

function groupingOf(runs: readonly RunRecord[], name: string): (run: RunRecord) => string {
  const numbers = runs.map((run) => run.parameters[name])
  const distinct = new Set(numbers.map((value) => JSON.stringify(value)))
  const isFew = distinct.size <= Math.min(2 * mostGroups, runs.length / 2)
  if (isFew || !numbers.every((value) => typeof value === 'number')) return (run) => JSON.stringify(run.parameters[name])
  const sorted = numbers.toSorted((left, right) => left - right)
  const count = Math.min(mostGroups, Math.floor(runs.length / 2))
  const borders = Array.from({ length: count - 1 }, (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / count)]!)
  return (run) => String(borders.filter((border) => (run.parameters[name] as number) >= border).length)
}

/** So many of the latest iterations tell the pace: a sweep that was extended days later has had a pause. */
const paceOf = 20

/** How long the rest of a sweep will take at the pace of its latest iterations; undefined while nothing is known of it. */
export function leftMsOf(run: RunRecord, iterations: readonly RunRecord[]): number | undefined {
  const planned = run.sweep?.planned ?? null
  const paceMs = paceMsOf(iterations)
  if (planned === null || isEnded(run.state) || paceMs === undefined) return undefined
  const done = iterations.filter(({ startedAtMs, endedAtMs }) => startedAtMs !== null && endedAtMs !== null)
  return Math.max(0, planned - done.length) * paceMs
}

/** What an iteration takes, as many at a time as there were; undefined while none has ended. */
export function paceMsOf(iterations: readonly RunRecord[]): number | undefined {
  const done = iterations.flatMap(({ startedAtMs, endedAtMs }) =>
    startedAtMs === null || endedAtMs === null ? [] : [{ startedAtMs, endedAtMs }],
  )
  const latest = done.toSorted((one, other) => one.endedAtMs - other.endedAtMs).slice(-paceOf)
  if (latest.length === 0) return undefined
  const tookMs = latest.at(-1)!.endedAtMs - Math.min(...latest.map(({ startedAtMs }) => startedAtMs))
  return tookMs / latest.length
}
