import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { useShownTheme } from '../app/theme.ts'
import { resolveColour } from '../format/colour.ts'
import { formatNumber } from '../format/number.ts'
import { useSize } from '../ui/use-size.ts'
import { axesOf, nearestIn, scalesOf } from './chart-axes.ts'
import {
  alignLines,
  type Axes,
  type ChartData,
  colourAtRest,
  isOneValue,
  type Line,
  oddPointsOf,
  type XKind,
} from './chart-data.ts'
import { lightRun, litRun, onLitRun } from './lit-run.ts'
import { oddNote } from './odd-note.ts'
import { drawDensity, drawOdd } from './chart-marks.ts'
import { ChartTip, type Hover } from './chart-tip.tsx'

export interface LineChartProps {
  title: string
  lines: readonly Line[]
  /** Too many to be told apart: drawn as density behind the lines, which then say what they have in common. */
  dense?: readonly Line[] | undefined
  x: XKind
  isLog?: boolean
  isLogX?: boolean
  /** Points of a centred window; 0 for none. */
  smoothing?: number
  zoom: { from: number; to: number } | undefined
  onZoom(zoom: { from: number; to: number } | undefined): void
  height?: number
  /** Where the chart is found by what saves it as a picture. */
  handle?: RefObject<uPlot | null>
}

interface Drawn extends ChartData {
  /** Columns of raw lines, before those of the lines. */
  rawCount: number
}

/** Curves on a canvas, with one crosshair for all charts of the page. Drag to zoom, double click to see all. */
export function LineChart(props: LineChartProps) {
  const { title, lines, dense, x, isLog = false, isLogX = false, smoothing = 0, zoom, onZoom, height = 190, handle } = props
  const place = useRef<HTMLDivElement>(null)
  const { width } = useSize(place)
  const theme = useShownTheme()
  const chart = useRef<uPlot | null>(null)
  const axes = useMemo((): Axes => ({ x, isLog, isLogX }), [x, isLog, isLogX])
  const drawn = useMemo(() => drawnOf(lines, axes, smoothing, dense), [lines, axes, smoothing, dense])
  const note = useMemo(() => oddNote(drawn.odd, dense ?? lines, x), [drawn.odd, dense, lines, x])
  const [hover, setHover] = useState<Hover | null>(null)
  const latest = useRef({ onZoom, drawn, lines, dense, zoom })
  latest.current = { onZoom, drawn, lines, dense, zoom }
  const looks = lines.map((line) => `${line.id} ${colourAtRest(line)} ${line.dash.join()} ${line.band !== undefined}`)
  const structure = `${looks.join('|')} ${x} ${isLog} ${isLogX} ${drawn.rawCount} ${dense !== undefined} ${theme}`
  useEffect(() => {
    if (width < 40 || !place.current) return undefined
    const made = new uPlot(optionsOf({ width, height, axes, latest, setHover }), latest.current.drawn.data, place.current)
    chart.current = made
    if (handle) handle.current = made
    if (latest.current.zoom) made.setScale('x', { min: latest.current.zoom.from, max: latest.current.zoom.to })
    return () => {
      made.destroy()
      chart.current = null
      if (handle) handle.current = null
    }
    // The structure holds all that a chart is made of; data, size and zoom are given to the one there is.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [structure, width < 40])
  useEffect(() => onLitRun(() => chart.current?.redraw(false)), [])
  useEffect(() => chart.current?.setSize({ width: Math.max(40, width), height }), [width, height])
  useEffect(() => {
    const made = chart.current
    if (!made) return
    made.setData(drawn.data, false)
    const xs = drawn.data[0] as number[]
    made.setScale('x', zoom ? { min: zoom.from, max: zoom.to } : { min: xs[0] ?? 0, max: xs.at(-1) ?? 1 })
  }, [drawn, dense, zoom?.from, zoom?.to])
  return (
    <div className="chart" role="img" aria-label={sentenceOf(title, lines, dense)}>
      <div ref={place} style={{ height }} />
      {hover && <ChartTip hover={hover} data={drawn.data} firstColumn={1 + drawn.rawCount} lines={lines} x={x} width={width} />}
      {drawn.hiddenCount > 0 && <div className="chart-note">{drawn.hiddenCount} points ≤ 0 not shown</div>}
      {note !== '' && <div className="chart-note failed-text">{note}</div>}
    </div>
  )
}

function drawnOf(lines: readonly Line[], axes: Axes, smoothing: number, dense: readonly Line[] | undefined): Drawn {
  const aligned = alignLines(lines, { ...axes, smoothing })
  const main = dense ? { ...aligned, odd: oddPointsOf(dense, axes) } : aligned
  // A band shows by itself what the line in it smooths over.
  const raw = smoothing > 0 ? lines.filter((line) => !line.band) : []
  if (raw.length === 0) return { ...main, rawCount: 0 }
  const behind = alignLines(raw, { ...axes, smoothing: 0 })
  return { ...behind, odd: main.odd, data: uPlot.join([behind.data, main.data]), rawCount: raw.length }
}

function sentenceOf(title: string, lines: readonly Line[], dense: readonly Line[] | undefined): string {
  const last = lines.slice(0, 3).map((line) => `${line.label} ends at ${formatNumber(line.values.at(-1) ?? Number.NaN)}`)
  const count = dense?.length ?? lines.length
  return `${title}: ${count} ${count === 1 ? 'line' : 'lines'}${dense ? ' as density' : ''}; ${last.join(', ')}`
}

function optionsOf(given: {
  width: number
  height: number
  axes: Axes
  latest: { current: Pick<LineChartProps, 'onZoom' | 'lines' | 'dense'> & { drawn: Drawn } }
  setHover: (hover: Hover | null) => void
}): uPlot.Options {
  const { width, height, axes, latest, setHover } = given
  const { drawn, lines } = latest.current
  const { series, bands, runs } = seriesOf(drawn, lines, { x: axes.x, isDense: latest.current.dense !== undefined })
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      sync: { key: 'page', setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      dataIdx: (chart, column, at) => nearestIn(chart.data[column] ?? [], at),
      ...(lines.length > 1 ? { focus: { prox: 24 } } : {}),
    },
    // Which run is lit is known to all charts of the page, and drawn by each.
    focus: { alpha: 1 },
    scales: scalesOf(axes),
    axes: axesOf(axes),
    series,
    bands,
    hooks: {
      drawAxes: [(chart) => latest.current.dense && drawDensity(chart, latest.current.dense, axes)],
      draw: [(chart) => drawOdd(chart, latest.current.drawn.odd)],
      setSeries: [(_chart, at) => lightRun((at === null ? undefined : runs[at]) ?? null)],
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
          const { left = -1, top = 0, idx } = chart.cursor
          const isHere = left >= 0 && idx !== null && idx !== undefined && chart.over.matches(':hover')
          setHover(isHere ? { left, at: idx, value: chart.posToVal(top, 'y') } : null)
        },
      ],
      ready: [(chart) => chart.over.addEventListener('dblclick', () => latest.current.onZoom(undefined))],
    },
  }
}

/** Series and bands of the lines, and whose each series is. */
function seriesOf({ rawCount }: Drawn, lines: readonly Line[], { x, isDense }: { x: XKind; isDense: boolean }) {
  const strokeOf = (line: Line, alpha: number, strength: number): uPlot.Series => ({
    label: line.label,
    stroke: inkOf(line),
    ...(line.isStepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
    width: line.isDots ? 0 : strength,
    alpha,
    dash: [...line.dash],
    points: { show: line.isDots === true || isOneValue(line, x), size: 6, fill: resolveColour(line.colour) },
    spanGaps: false,
  })
  const series: uPlot.Series[] = [{}]
  const bands: uPlot.Band[] = []
  const runs: (string | undefined)[] = [undefined]
  const raw = rawCount > 0 ? lines.filter((line) => !line.band) : []
  series.push(...raw.map((line) => strokeOf(line, 0.35, 1)))
  runs.push(...raw.map(({ run }) => run))
  for (const line of lines) {
    series.push(strokeOf(line, 1, line.isQuiet ? 1.2 : 1.6))
    runs.push(line.run)
    if (!line.band) continue
    runs.push(undefined, undefined)
    // The density says more than the range around it.
    if (!isDense) bands.push({ series: [series.length + 1, series.length], fill: `${resolveColour(line.colour)}2e` })
    series.push({ label: `${line.label} low`, width: 0, points: { show: false } })
    series.push({ label: `${line.label} high`, width: 0, points: { show: false } })
  }
  return { series, bands, runs }
}

/** In colour, grey, or faint beside a run that is lit: asked for with every drawing. */
function inkOf(line: Line): () => string {
  const [own, atRest] = [resolveColour(line.colour), resolveColour(colourAtRest(line))]
  return () => {
    const lit = litRun()
    if (lit === null || line.run === undefined) return atRest
    return line.run === lit ? own : `${atRest}40`
  }
}
