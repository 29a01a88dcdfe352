import { useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useShownTheme } from '../app/theme.ts'
import { resolveColour } from '../format/colour.ts'
import { formatNumber } from '../format/number.ts'
import { formatClock, formatDuration } from '../format/time.ts'
import { useSize } from '../ui/use-size.ts'
import { alignLines, type ChartData, type Line, type XKind } from './chart-data.ts'

export interface LineChartProps {
  title: string
  lines: readonly Line[]
  x: XKind
  isLog?: boolean
  /** Points of a centred window; 0 for none. */
  smoothing?: number
  zoom: { from: number; to: number } | undefined
  onZoom(zoom: { from: number; to: number } | undefined): void
  height?: number
}

/** The library's own name for it vanishes when its types do. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const logarithmic = 3 as uPlot.Scale.Distr
const font = '11px Inter Variable, system-ui, sans-serif'

/** Curves on a canvas, with one crosshair for all charts of the page. Drag to zoom, double click to see all. */
export function LineChart({ title, lines, x, isLog = false, smoothing = 0, zoom, onZoom, height = 190 }: LineChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const { width } = useSize(place)
  const theme = useShownTheme()
  const chart = useRef<uPlot | null>(null)
  const drawn = useMemo(() => {
    const raw = smoothing > 0 ? lines.map((line) => ({ ...line, id: `${line.id} raw` })) : []
    const main = alignLines([...lines], { x, isLog, smoothing })
    if (raw.length === 0) return { ...main, rawCount: 0 }
    const behind = alignLines(raw, { x, isLog, smoothing: 0 })
    return { data: uPlot.join([behind.data, main.data]), odd: behind.odd, hiddenCount: behind.hiddenCount, rawCount: raw.length }
  }, [lines, x, isLog, smoothing])
  const [hover, setHover] = useState<{ left: number; at: number } | null>(null)
  const latest = useRef({ onZoom, drawn, lines, zoom })
  latest.current = { onZoom, drawn, lines, zoom }
  const structure = `${lines.map((line) => `${line.id} ${line.colour} ${line.dash.join()}`).join('|')} ${x} ${isLog} ${drawn.rawCount} ${theme}`
  useEffect(() => {
    if (width < 40 || !place.current) return undefined
    const options = optionsOf({ width, height, x, isLog, latest, setHover })
    const made = new uPlot(options, latest.current.drawn.data, place.current)
    chart.current = made
    if (latest.current.zoom) made.setScale('x', { min: latest.current.zoom.from, max: latest.current.zoom.to })
    return () => {
      made.destroy()
      chart.current = null
    }
    // The structure holds all that a chart is made of; data, size and zoom are given to the one there is.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [structure, width < 40])
  useEffect(() => chart.current?.setSize({ width: Math.max(40, width), height }), [width, height])
  useEffect(() => {
    const made = chart.current
    if (!made) return
    made.setData(drawn.data, false)
    const xs = drawn.data[0] as number[]
    made.setScale('x', zoom ? { min: zoom.from, max: zoom.to } : { min: xs[0] ?? 0, max: xs.at(-1) ?? 1 })
  }, [drawn, zoom?.from, zoom?.to])
  return (
    <div className="chart" role="img" aria-label={sentenceOf(title, lines)}>
      <div ref={place} style={{ height }} />
      {hover && <Tooltip hover={hover} drawn={drawn} lines={lines} x={x} width={width} />}
      {drawn.hiddenCount > 0 && <div className="chart-note">{drawn.hiddenCount} points ≤ 0 not shown</div>}
      <OddNote odd={drawn.odd} x={x} />
    </div>
  )
}

function OddNote({ odd, x }: { odd: ChartData['odd']; x: XKind }) {
  const first = odd.find(({ kind }) => kind === 'nan')
  if (!first || x !== 'step') return null
  return <div className="chart-note failed-text">NaN from step {formatNumber(first.x)}</div>
}

function sentenceOf(title: string, lines: readonly Line[]): string {
  const last = lines.slice(0, 3).map((line) => `${line.label} ends at ${formatNumber(line.values.at(-1) ?? Number.NaN)}`)
  return `${title}: ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}; ${last.join(', ')}`
}

function optionsOf(given: {
  width: number
  height: number
  x: XKind
  isLog: boolean
  latest: { current: { onZoom: LineChartProps['onZoom']; drawn: ChartData & { rawCount: number }; lines: readonly Line[] } }
  setHover: (hover: { left: number; at: number } | null) => void
}): uPlot.Options {
  const { width, height, x, isLog, latest, setHover } = given
  const { lines, drawn } = latest.current
  const muted = resolveColour('var(--muted)')
  const grid = { stroke: resolveColour('var(--grid)'), width: 1 }
  const seriesOf = (line: Line, alpha: number, strength: number): uPlot.Series => ({
    label: line.label,
    stroke: resolveColour(line.colour),
    width: line.isDots ? 0 : strength,
    alpha,
    dash: [...line.dash],
    points: { show: line.isDots === true || line.values.length < 2, size: 6, fill: resolveColour(line.colour) },
    spanGaps: false,
  })
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      sync: { key: 'page', setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      dataIdx: nearestValue,
    },
    scales: { x: { time: false }, y: isLog ? { distr: logarithmic, log: 10 } : { range: rangeWithRoom } },
    axes: [
      {
        stroke: muted,
        grid,
        ticks: { show: false },
        font,
        size: 24,
        ...(x === 'step' ? { incrs: wholeIncrements } : {}),
        values: (_chart, splits) => splits.map((split) => xText(split, x)),
      },
      {
        stroke: muted,
        grid,
        ticks: { show: false },
        font,
        size: 52,
        values: (_chart, splits) => splits.map((split) => (split === null ? '' : axisNumber(split))),
      },
    ],
    series: [
      {},
      ...(drawn.rawCount > 0 ? lines.map((line) => seriesOf(line, 0.35, 1)) : []),
      ...lines.map((line) => seriesOf(line, 1, 1.6)),
    ],
    hooks: {
      draw: [(chart) => drawOdd(chart, latest.current.drawn.odd)],
      setSelect: [
        (chart) => {
          const { left, width: wide } = chart.select
          if (wide < 4) return
          latest.current.onZoom({ from: chart.posToVal(left, 'x'), to: chart.posToVal(left + wide, 'x') })
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
        },
      ],
      setCursor: [
        (chart) => {
          const { left = -1, idx } = chart.cursor
          setHover(left < 0 || idx === null || idx === undefined || !chart.over.matches(':hover') ? null : { left, at: idx })
        },
      ],
      ready: [(chart) => chart.over.addEventListener('dblclick', () => latest.current.onZoom(undefined))],
    },
  }
}

/** Steps are counted: there is none between two of them. */
const wholeIncrements = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat()

const axisNumber = (value: number): string => {
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? formatNumber(value) : String(Number(value.toPrecision(4))).replace('-', '−')
}

const rangeWithRoom = (_chart: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
  if (low === null || high === null) return [0, 1]
  const room = high === low ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.06
  return [low - room, high + room]
}

/** Lines have x values of their own: under the crosshair is the nearest that this one has. */
function nearestValue(chart: uPlot, series: number, at: number): number {
  const values = chart.data[series]
  if (!values || values[at] !== undefined) return at
  for (let away = 1; away < values.length; away++) {
    if (at - away >= 0 && values[at - away] !== undefined) return at - away
    if (at + away < values.length && values[at + away] !== undefined) return at + away
  }
  return at
}

const xText = (value: number, kind: XKind): string =>
  kind === 'step' ? axisNumber(value) : kind === 'wall' ? formatClock(value * 1000) : formatDuration(value * 1000)

function drawOdd(chart: uPlot, odd: ChartData['odd']): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.fillStyle = resolveColour('var(--failed)')
  const size = 3 * devicePixelRatio
  for (const { x, kind } of odd) {
    const left = chart.valToPos(x, 'x', true)
    if (left < bbox.left || left > bbox.left + bbox.width) continue
    const top = kind === 'above' ? bbox.top : bbox.top + bbox.height - size * 2
    ctx.fillRect(left - size / 4, top, Math.max(1, size / 2), size * 2)
  }
  ctx.restore()
}

const mostListed = 8

function Tooltip({
  hover,
  drawn,
  lines,
  x,
  width,
}: {
  hover: { left: number; at: number }
  drawn: ChartData & { rawCount: number }
  lines: readonly Line[]
  x: XKind
  width: number
}) {
  const xs = drawn.data[0] as number[]
  const rows = lines.flatMap((line, index) => {
    const values = drawn.data[1 + drawn.rawCount + index]
    const value = values?.[nearestIn(values, hover.at)]
    return [{ line, value }]
  })
  const shown = rows.slice(0, mostListed)
  const isRight = hover.left > width / 2
  return (
    <div className="chart-tip" style={isRight ? { right: width - hover.left - 40 } : { left: hover.left + 70 }}>
      <div className="muted">
        {x === 'step' ? 'step ' : ''}
        {xText(xs[hover.at] ?? 0, x)}
      </div>
      {shown.map(({ line, value }) => (
        <div key={line.id} className="chart-tip-row">
          <span className="dot" style={{ background: line.colour }} />
          <span className="elide">{line.label}</span>
          <strong>{value === null || value === undefined ? 'NaN' : formatNumber(value, 5)}</strong>
        </div>
      ))}
      {rows.length > mostListed && <div className="muted">+{rows.length - mostListed}</div>}
    </div>
  )
}

function nearestIn(values: ArrayLike<number | null | undefined>, at: number): number {
  for (let away = 0; away < values.length; away++) {
    if (at - away >= 0 && values[at - away] !== undefined) return at - away
    if (at + away < values.length && values[at + away] !== undefined) return at + away
  }
  return at
}
