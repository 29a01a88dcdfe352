import type uPlot from 'uplot'
import { formatNumber } from '../format/number.ts'
import { formatClock, formatDuration } from '../format/time.ts'
import { resolveColour } from '../format/colour.ts'
import type { Axes, XKind } from './chart-data.ts'

/** The library's own name for it vanishes when its types do. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const logarithmic = 3 as uPlot.Scale.Distr
export const chartFont = '11px Inter Variable, system-ui, sans-serif'

export function scalesOf({ isLog, isLogX }: Axes): uPlot.Scales {
  return {
    x: isLogX ? { time: false, distr: logarithmic, log: 10 } : { time: false },
    y: isLog ? { distr: logarithmic, log: 10 } : { range: rangeWithRoom },
  }
}

export function axesOf({ x, isLogX }: Axes): uPlot.Axis[] {
  const shared = {
    stroke: resolveColour('var(--muted)'),
    grid: { stroke: resolveColour('var(--grid)'), width: 1 },
    ticks: { show: false },
    font: chartFont,
  }
  return [
    {
      ...shared,
      size: 24,
      ...(x === 'step' && !isLogX ? { incrs: wholeIncrements } : {}),
      values: (_chart, splits: (number | null)[]) => splits.map((split) => (split === null ? '' : xText(split, x))),
    },
    {
      ...shared,
      size: 52,
      values: (_chart, splits: (number | null)[]) => splits.map((split) => (split === null ? '' : axisNumber(split))),
    },
  ]
}

/** Steps are counted: there is none between two of them. */
const wholeIncrements = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat()

export const axisNumber = (value: number): string => {
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? formatNumber(value) : String(Number(value.toPrecision(4))).replace('-', '−')
}

export const xText = (value: number, kind: XKind): string =>
  kind === 'step' ? axisNumber(value) : kind === 'wall' ? formatClock(value * 1000) : formatDuration(value * 1000)

const rangeWithRoom = (_chart: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
  if (low === null || high === null) return [0, 1]
  const room = high === low ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.06
  return [low - room, high + room]
}

/** Lines have x values of their own: under the crosshair is the nearest that this one has. */
export function nearestIn(values: ArrayLike<number | null | undefined>, at: number): number {
  for (let away = 0; away < values.length; away++) {
    if (at - away >= 0 && values[at - away] !== undefined) return at - away
    if (at + away < values.length && values[at + away] !== undefined) return at + away
  }
  return at
}
