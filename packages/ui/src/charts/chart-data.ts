import uPlot from 'uplot'

/** One line of a chart, in order of step. */
export interface Line {
  id: string
  label: string
  /** A colour or a variable of the theme. */
  colour: string
  dash: readonly number[]
  steps: readonly number[]
  timesMs: readonly number[]
  values: readonly number[]
  /** Places on the axis, where they are neither steps nor times of one run. */
  xs?: readonly number[]
  /** When the run began, where the first point here is a later one. */
  startMs?: number
  /** What lies around the line: the range of the runs that it stands for. */
  band?: { low: readonly number[]; high: readonly number[] }
  /** Points without a line between them. */
  isDots?: boolean
  /** Each value holds until the next one. */
  isStepped?: boolean
  /** Whose line it is. */
  run?: string
  /** One of too many to be told apart by colour: grey until somebody points at it. */
  isQuiet?: boolean
}

/** What a line is drawn in while nobody points at anything. */
export const colourAtRest = ({ isQuiet, colour }: Line): string => (isQuiet ? 'var(--quiet-line)' : colour)

export type XKind = 'step' | 'relative' | 'wall'

/** Where a line is not a number: shown as marks at the edge, since it cannot be drawn. */
export interface OddPoint {
  line: number
  x: number
  kind: 'nan' | 'above' | 'below'
}

export interface ChartData {
  data: uPlot.AlignedData
  odd: OddPoint[]
  /** Points that a logarithmic axis has no place for. */
  hiddenCount: number
}

/** How a chart lays out its axes. */
export interface Axes {
  x: XKind
  isLog: boolean
  isLogX?: boolean
}

export function xOf(line: Line, at: number, kind: XKind): number {
  if (line.xs) return line.xs[at]!
  if (kind === 'step') return line.steps[at]!
  if (kind === 'wall') return line.timesMs[at]! / 1000
  return (line.timesMs[at]! - (line.startMs ?? line.timesMs[0]!)) / 1000
}

/** Whether all that was logged stands at one place of the axis: a value and no curve, though it may have been logged more than once. */
export function isOneValue(line: Line, kind: XKind): boolean {
  const first = line.values.length === 0 ? undefined : xOf(line, 0, kind)
  return line.values.every((_, at) => xOf(line, at, kind) === first)
}

/** Lines with x values of their own, side by side as the chart wants them. Missing between two points is bridged, NaN is a gap. */
export function alignLines(lines: readonly Line[], options: Axes & { smoothing: number }): ChartData {
  const odd: OddPoint[] = []
  let hiddenCount = 0
  const tables = lines.map((line, index): uPlot.AlignedData => {
    const xs: number[] = []
    const ys: (number | null)[] = []
    const { band } = line
    const edges: [(number | null)[], (number | null)[]] = [[], []]
    const smooth = options.smoothing > 0 ? smoothed(line.values, options.smoothing) : line.values
    for (let at = 0; at < line.values.length; at++) {
      const x = xOf(line, at, options.x)
      // Two points of one x would not be in order: the later stands.
      if (xs.length > 0 && x <= xs.at(-1)!) {
        if (x === xs.at(-1)!) ys[ys.length - 1] = drawable(smooth[at]!, options.isLog)
        continue
      }
      const value = line.values[at]!
      if (options.isLogX && x <= 0) {
        hiddenCount++
        continue
      }
      if (Number.isNaN(value)) odd.push({ line: index, x, kind: 'nan' })
      else if (!Number.isFinite(value)) odd.push({ line: index, x, kind: value > 0 ? 'above' : 'below' })
      else if (options.isLog && value <= 0) hiddenCount++
      xs.push(x)
      ys.push(drawable(smooth[at]!, options.isLog))
      if (!band) continue
      edges[0].push(drawable(band.low[at]!, options.isLog))
      edges[1].push(drawable(band.high[at]!, options.isLog))
    }
    return band ? [xs, ys, ...edges] : [xs, ys]
  })
  if (tables.length === 0) return { data: [[]], odd, hiddenCount }
  return { data: uPlot.join(tables), odd, hiddenCount }
}

/** Where lines are not numbers, without what drawing them takes. */
export function oddPointsOf(lines: readonly Line[], { x, isLogX }: Axes): OddPoint[] {
  return lines.flatMap((line, index) =>
    line.values.flatMap((value, at): OddPoint[] => {
      const place = Number.isFinite(value) ? 0 : xOf(line, at, x)
      if (Number.isFinite(value) || (isLogX && place <= 0)) return []
      return [{ line: index, x: place, kind: Number.isNaN(value) ? 'nan' : value > 0 ? 'above' : 'below' }]
    }),
  )
}

const drawable = (value: number, isLog: boolean): number | null =>
  Number.isFinite(value) && (!isLog || value > 0) ? value : null

/** The mean of a window around each point: unlike an exponential mean it does not lag behind a falling curve. */
export function smoothed(values: readonly number[], window: number): number[] {
  const half = Math.max(1, Math.floor(window / 2))
  return values.map((value, at) => {
    if (!Number.isFinite(value)) return value
    const reach = Math.min(half, at, values.length - 1 - at)
    let sum = 0
    let count = 0
    for (let near = at - reach; near <= at + reach; near++) {
      const each = values[near]!
      if (!Number.isFinite(each)) continue
      sum += each
      count++
    }
    return sum / count
  })
}

const subsetPattern = /^(train|training|val|valid|validation|test|eval)[_/.\- ](.+)$/i

/** `train_auc` and `val_auc` share a chart called `auc`. */
export function chartNameOf(metric: string): { chart: string; subset: string } {
  const found = subsetPattern.exec(metric)
  if (found) return { chart: found[2]!, subset: found[1]! }
  const behind = /^(.+)[_/.-](train|training|val|valid|validation|test|eval)$/i.exec(metric)
  return behind ? { chart: behind[1]!, subset: behind[2]! } : { chart: metric, subset: '' }
}

/** A metric, and how many of the runs that are looked at have it. */
export interface DrawnMetric {
  name: string
  runCount: number
}

/** Of more runs than were counted, those that were not may have every metric. */
export const countedAtMost = (metrics: readonly DrawnMetric[], uncounted: number): readonly DrawnMetric[] =>
  uncounted <= 0 ? metrics : metrics.map(({ name, runCount }) => ({ name, runCount: runCount + uncounted }))

export interface Chart {
  name: string
  metrics: string[]
  /** One of each metric and run that has it. */
  lineCount: number
}

/**
 * Charts of some metrics in the order of their names, those with a goal to look at first. Metrics of one name with more lines than
 * `mostTogether` have a chart each: the density of several, and a line through the middle of it, would be of none.
 */
export function chartsOf(metrics: readonly DrawnMetric[], mostTogether = Infinity): Chart[] {
  const found = Map.groupBy(metrics, ({ name }) => chartNameOf(name).chart)
  return [...found].flatMap(([name, members]) => {
    const lineCount = members.reduce((sum, { runCount }) => sum + runCount, 0)
    return members.length === 1 || lineCount > mostTogether
      ? members.map((metric) => ({ name: metric.name, metrics: [metric.name], lineCount: metric.runCount }))
      : [{ name, metrics: members.map((metric) => metric.name).toSorted(), lineCount }]
  })
}

/** Training data is dashed: the solid line is what counts. Beside those of a subset, a metric of none is dotted. */
export function subsetDash(metric: string, isBesideOthers: boolean): readonly number[] {
  const { subset } = chartNameOf(metric)
  if (/^train/i.test(subset)) return [6, 4]
  return subset === '' && isBesideOthers ? [2, 3] : []
}
