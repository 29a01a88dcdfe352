import type { Points } from '../api/types.ts'
import { distinctSlots, slotColour } from '../format/colour.ts'
import { bandOf } from './bands.ts'
import { type Axes, chartNameOf, type Line, subsetDash } from './chart-data.ts'
import type { ChartView } from './chart-view.ts'

/** A run whose curves are drawn. */
export interface DrawnRun {
  id: string
  name: string
  colour: string
  /** Runs of one group are one line with a band. */
  group?: string
  /** Not among the best where there are too many for a colour each. */
  isQuiet?: boolean
}

/** More runs than this are not told apart by colour. */
export const mostColoured = 12
const bestColoured = 8

/**
 * Where there are too many for a colour each, the best eight keep one, all different, and the others are grey until somebody points at
 * them. Runs without a value are no better than any other; where none has one, the first ones stand out.
 */
export function quietOthers(
  runs: readonly DrawnRun[],
  valueOf: (id: string) => number | undefined,
  direction: 'max' | 'min',
): readonly DrawnRun[] {
  if (runs.length <= mostColoured) return runs
  const rank = ({ id }: DrawnRun): number => {
    const value = valueOf(id)
    return value === undefined || Number.isNaN(value) ? -Infinity : direction === 'max' ? value : -value
  }
  const best = runs.toSorted((one, other) => rank(other) - rank(one) || 0).slice(0, bestColoured)
  const slots = distinctSlots(best.map(({ id }) => id))
  return runs.map((run) => {
    const slot = slots.get(run.id)
    return slot === undefined ? { ...run, isQuiet: true } : { ...run, colour: slotColour(slot) }
  })
}

/** A value at one step is no curve, however often it was logged, and its dot among curves would say little. */
export const curvesAmong = (series: readonly Points[]): readonly Points[] => {
  const curves = series.filter(({ steps }) => steps.some((step) => step !== steps[0]))
  return curves.length > 0 ? curves : series
}

/** Of metrics those with curves; where none has one, all: their single values are drawn as bars. */
export function drawnAmong<Metric extends { pointCount: number }>(metrics: readonly Metric[]): readonly Metric[] {
  const curves = metrics.filter(({ pointCount }) => pointCount > 1)
  return curves.length > 0 ? curves : metrics
}

/** Names that several runs have, with the end of the id of each; the others as they are. */
export function distinctNames(runs: readonly { id: string; name: string }[]): Map<string, string> {
  const counts = Map.groupBy(runs, ({ name }) => name)
  return new Map(runs.map(({ id, name }) => [id, counts.get(name)!.length > 1 ? `${name} …${id.slice(-4)}` : name]))
}

/** Each group has a colour of its own while there are any, the same in every chart of the page. */
export function groupColours(runs: readonly DrawnRun[]): Map<string, string> {
  const names = [...new Set(runs.flatMap(({ group }) => group ?? []))].toSorted()
  return new Map(names.map((name, at) => [name, slotColour(at)]))
}

/** So many lines can be told apart; more are drawn as density. */
export const mostLines = 40

export const isGrouped = (runs: readonly DrawnRun[]): boolean => runs.some(({ group }) => group !== undefined)

export function linesOf(
  series: readonly Points[],
  runs: readonly DrawnRun[],
  options: { withMetric: boolean; starts: ReadonlyMap<string, number> | undefined },
): Line[] {
  const known = new Map(runs.map((run) => [run.id, run]))
  return series.map(({ run, key, steps, timesMs, values }) => {
    const startMs = options.starts?.get(`${run} ${key}`)
    const subset = options.withMetric ? ` ${chartNameOf(key).subset || key}` : ''
    return {
      id: `${run} ${key}`,
      label: runs.length > 1 ? `${known.get(run)?.name ?? run.slice(0, 8)}${subset}` : key,
      colour: known.get(run)?.colour ?? 'var(--muted)',
      run,
      isQuiet: known.get(run)?.isQuiet === true,
      dash: subsetDash(key, options.withMetric),
      steps,
      timesMs,
      values,
      ...(startMs === undefined ? {} : { startMs }),
    }
  })
}

/** What is drawn of these series: lines of their own, one line with a band for each group, or the density of very many. */
export function drawingOf(
  lines: readonly Line[],
  series: readonly Points[],
  runs: readonly DrawnRun[],
  view: Pick<ChartView, 'band'> & { axes: Axes },
): { lines: readonly Line[]; dense?: readonly Line[] } {
  const groups = new Map(runs.map((run) => [run.id, run.group]))
  const hasGroups = isGrouped(runs)
  // Drawn one over the other: those in colour come last.
  if (!hasGroups && lines.length <= mostLines)
    return { lines: lines.toSorted((one, other) => Number(other.isQuiet) - Number(one.isQuiet)) }
  const colours = groupColours(runs)
  const keys = new Set(series.map(({ key }) => key))
  const groupOf = (at: number): string =>
    JSON.stringify([hasGroups ? (groups.get(series[at]!.run) ?? 'none') : 'all runs', series[at]!.key])
  const together = Map.groupBy(
    lines.map((line, at) => ({ line, at })),
    ({ at }) => groupOf(at),
  )
  const bands = Array.from(together, ([group, members]): Line => {
    const [name, key] = JSON.parse(group) as [string, string]
    const subset = keys.size > 1 ? ` ${chartNameOf(key).subset || key}` : ''
    return {
      id: group,
      label: `${name}${subset} (${members.length})`,
      colour: colours.get(name) ?? 'var(--text)',
      dash: subsetDash(key, keys.size > 1),
      steps: [],
      timesMs: [],
      ...bandOf(
        members.map(({ line }) => line),
        view.axes,
        view.band,
      ),
    }
  })
  if (hasGroups) return { lines: bands.toSorted((one, other) => (one.label < other.label ? -1 : 1)) }
  return { lines: [...bands, ...lines.filter(({ isQuiet }) => !isQuiet)], dense: lines }
}
