import { AppError, didYouMean, type JsonValue, type RunRecord } from '@trainyard/contract'
import { formatNumber, formatValue } from './output/format.ts'
import { type PlotPoint, renderBar, renderScatter } from './output/plot.ts'
import type { Style } from './output/style.ts'
import { renderTable } from './output/table.ts'
import { visible } from './output/visible.ts'
import { keysOf } from '../tracking/index.ts'
import { soughtResult } from './run-columns.ts'
import { varyingKeys } from './sweep-table.ts'

export interface SweepPlotOptions {
  /** The result that is drawn. */
  key: string
  /** The parameter of the x axis; without it the number of the iteration. */
  parameter?: string | undefined
  width: number
  unicode: boolean
  style: Style
}

/** The result to draw when nobody says: the one the sweep selects by, else the first that is a number. */
export function mainResult(sweep: Pick<RunRecord, 'task'>, iterations: readonly RunRecord[]): string | undefined {
  const selected = soughtResult(sweep)
  const numeric = keysOf(iterations.map((run) => run.results)).filter((key) =>
    iterations.some((run) => typeof run.results[key] === 'number'),
  )
  return selected !== undefined && numeric.includes(selected) ? selected : numeric.find((key) => !key.startsWith('system/'))
}

export interface SweepPoint {
  iteration: number
  x: JsonValue
  y: number
}

/** The iterations that logged the result, in order of their number. Fails with `not_found` for a parameter or result nobody has. */
export function sweepPoints(
  iterations: readonly RunRecord[],
  { key, parameter }: Pick<SweepPlotOptions, 'key' | 'parameter'>,
): SweepPoint[] {
  const results = keysOf(iterations.map((run) => run.results))
  if (!results.includes(key))
    throw new AppError(
      'not_found',
      `No iteration logged '${key}'${didYouMean(key, results)}; there are ${results.join(', ') || 'no results'}.`,
    )
  const parameters = keysOf(iterations.map((run) => run.parameters))
  if (parameter !== undefined && !parameters.includes(parameter)) {
    throw new AppError(
      'not_found',
      `No iteration has a parameter '${parameter}'${didYouMean(parameter, parameters)}; there are ${parameters.join(', ') || 'none'}.`,
    )
  }
  return iterations.flatMap((run) => {
    const y = run.results[key]
    const x = parameter === undefined ? run.iteration : run.parameters[parameter]
    return typeof y === 'number' && x !== undefined ? [{ iteration: run.iteration, x, y }] : []
  })
}

const plotHeight = 13

/** A scatter plot of the sweep with its best iteration, then what each parameter does to the result. */
export function renderSweep(
  sweep: Pick<RunRecord, 'name' | 'sweep' | 'task'>,
  iterations: readonly RunRecord[],
  options: SweepPlotOptions,
): string[] {
  const { key, parameter, style, unicode } = options
  const points = sweepPoints(iterations, options)
  const categories = points.every((point) => typeof point.x === 'number')
    ? undefined
    : [...new Set(points.map((point) => formatValue(point.x)))]
  const place = (point: SweepPoint): PlotPoint => ({
    x: categories ? categories.indexOf(formatValue(point.x)) : Number(point.x),
    y: point.y,
  })
  const best = points.find((point) => point.iteration === sweep.sweep?.bestIteration)
  const title = `${visible(key)} of ${visible(sweep.name)}${best ? `: best ${formatNumber(best.y)} in iteration ${best.iteration}` : ''}`
  const width = Math.min(options.width, 100)
  const ends = categories ? { xEnds: [visible(categories[0] ?? ''), visible(categories.at(-1) ?? '')] as const } : {}
  const lines = renderScatter(points.map(place), {
    width,
    height: plotHeight,
    unicode,
    style,
    title,
    xLabel: visible(parameter ?? 'iteration'),
    ...ends,
    best: best === undefined ? undefined : place(best),
  })
  for (const name of varyingKeys(iterations))
    lines.push('', ...renderEffect(iterations, name, options, sweep.task?.sweep?.selector))
  return lines
}

const mostValues = 12
const barColumns = 20

/** One parameter: for each of its values (or ranges of values) the best and the mean result, with a bar for the mean. */
function renderEffect(
  iterations: readonly RunRecord[],
  name: string,
  { key, style, unicode }: SweepPlotOptions,
  selector: string | undefined,
): string[] {
  const lowerIsBetter = selector?.startsWith('min.') === true
  const groups = groupByValue(iterations, name, key)
  if (groups.length < 2) return []
  const means = groups.map((group) => group.results.reduce((sum, result) => sum + result, 0) / group.results.length)
  const [low, high] = [Math.min(...means), Math.max(...means)]
  const rows = groups.map(({ label, results }, index) => {
    const mean = means[index]!
    // The bars span the means from worst to best, with a stub for the worst: means of one sweep often differ by little.
    const share = high === low ? 1 : 0.1 + 0.9 * (lowerIsBetter ? (high - mean) / (high - low) : (mean - low) / (high - low))
    const best = lowerIsBetter ? Math.min(...results) : Math.max(...results)
    return [
      label,
      String(results.length),
      formatNumber(best),
      formatNumber(mean),
      { text: renderBar(share, barColumns, unicode), style: style.cyan },
    ]
  })
  const columns = [
    { header: visible(name), align: 'right' },
    { header: 'n', align: 'right' },
    { header: `best ${visible(key)}`, align: 'right' },
    { header: 'mean', align: 'right' },
    { header: '' },
  ] as const
  return renderTable(columns, rows, { style })
}

interface Group {
  label: string
  results: number[]
}

function groupByValue(iterations: readonly RunRecord[], name: string, key: string): Group[] {
  const pairs = iterations.flatMap((run) => {
    const [value, result] = [run.parameters[name], run.results[key]]
    return value !== undefined && typeof result === 'number' && Number.isFinite(result) ? [{ value, result }] : []
  })
  const numeric = pairs.every(({ value }) => typeof value === 'number')
  if (numeric) pairs.sort((left, right) => Number(left.value) - Number(right.value))
  const exact = Map.groupBy(pairs, ({ value }) => formatValue(value, 24))
  if (exact.size <= mostValues)
    return [...exact].map(([label, members]) => ({ label, results: members.map(({ result }) => result) }))
  if (!numeric) return []
  // Too many different numbers: six groups of about equal size, from the smallest to the largest.
  const size = Math.ceil(pairs.length / 6)
  return Array.from({ length: Math.ceil(pairs.length / size) }, (_, index) => {
    const members = pairs.slice(index * size, (index + 1) * size)
    const [from, to] = [Number(members[0]!.value), Number(members.at(-1)!.value)]
    return { label: `${formatNumber(from, 3)} to ${formatNumber(to, 3)}`, results: members.map(({ result }) => result) }
  })
}
