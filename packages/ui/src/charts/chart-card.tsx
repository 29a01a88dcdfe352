import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import type uPlot from 'uplot'
import { fetchPoints } from '../api/queries.ts'
import type { Points } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { type Axes, chartNameOf, isOneValue, type Line, subsetDash, xOf } from './chart-data.ts'
import { ChartMenu } from './chart-menu.tsx'
import { type ChangeView, type ChartView, zoomText } from './chart-view.ts'
import { curvesAmong, drawingOf, type DrawnRun, linesOf, mostLines } from './drawn-lines.ts'
import { LineChart } from './line-chart.tsx'
import { ValueBars } from './value-bars.tsx'

/** The most that the server gives at once. */
const mostPoints = 1_000_000
/** So many lines get two points for each pixel. */
const fewLines = 4
/** Of each of very many lines: the density of a thousand does not grow with more. */
const pointsOfMany = 150

export interface ChartCardProps {
  name: string
  metrics: string[]
  /** How many there are to draw, as far as it is known before they are asked for. */
  lineCount: number
  runs: readonly DrawnRun[]
  view: ChartView
  change: ChangeView
  mark: number | string
  height: number
  /** Told which runs have a curve here. */
  onDrawn?: ((runs: readonly string[]) => void) | undefined
}

/** One chart with its points, asked for when it comes into view, at the width it has, and anew for what is zoomed to. */
export function ChartCard(props: ChartCardProps) {
  const { name, metrics, runs, view, change, height } = props
  const card = useRef<HTMLElement>(null)
  const chart = useRef<uPlot | null>(null)
  const isSeen = useSeen(card)
  const axes = useMemo((): Axes => ({ x: view.x, isLog: view.isLog, isLogX: view.isLogX }), [view.x, view.isLog, view.isLogX])
  const { series: found, starts, error, retry } = useSeries(props, isSeen, card.current?.clientWidth)
  const series = useMemo(() => found && curvesAmong(found), [found])
  const lines = useMemo(
    () => series && linesOf(series, runs, { withMetric: metrics.length > 1, starts }),
    [series, runs, metrics, starts],
  )
  const drawing = useMemo(
    () => lines && series && drawingOf(lines, series, runs, { band: view.band, axes }),
    [lines, series, runs, view.band, axes],
  )
  const values = drawing && !view.zoom ? valuesOf(drawing, view) : undefined
  const { onDrawn } = props
  useEffect(() => {
    if (series) onDrawn?.(series.map(({ run }) => run))
  }, [series, onDrawn])
  const subsets =
    metrics.length > 1 ? metrics.map((metric) => [chartNameOf(metric).subset || metric, subsetDash(metric, true)] as const) : []
  return (
    <section ref={card} className="card" aria-label={name}>
      <header>
        <h2 className="elide" title={metrics.join(', ')}>
          {name}
        </h2>
        <span className="facts">
          {!values && drawing?.dense && `${drawing.dense.length} lines as density, dark line = median`}
          {!drawing?.dense &&
            subsets.map(([subset, dash]) => (
              <span key={subset} className="dash-key">
                {subset}
                <svg aria-hidden="true" viewBox="0 0 24 8">
                  <path d="M0 4h24" stroke="currentColor" strokeWidth="1.6" strokeDasharray={dash.join(' ')} />
                </svg>
              </span>
            ))}
        </span>
        <ChartMenu
          name={name}
          metrics={metrics}
          runs={runs}
          view={view}
          change={change}
          chart={chart}
          drawing={drawing}
          hasPicture={!values}
        />
      </header>
      <div className="body" style={{ minHeight: height + 12 }}>
        {error && <Refusal error={error} retry={retry} />}
        {values && <ValueBars title={name} lines={values} height={height} />}
        {drawing && !values && (
          <LineChart
            title={name}
            lines={drawing.lines}
            dense={drawing.dense}
            x={view.x}
            isLog={view.isLog}
            isLogX={view.isLogX}
            smoothing={view.smoothing}
            zoom={view.zoom}
            height={height}
            onZoom={(zoom) => change({ x: zoomText(zoom) })}
            handle={chart}
          />
        )}
      </div>
    </section>
  )
}

/** Lines of which none is a curve. */
function valuesOf(
  { lines, dense = lines }: { lines: readonly Line[]; dense?: readonly Line[] },
  { x }: ChartView,
): readonly Line[] | undefined {
  return dense.length > 0 && dense.every((line) => isOneValue(line, x)) ? dense : undefined
}

function useSeries({ metrics, lineCount, runs, view, mark }: ChartCardProps, isSeen: boolean, cardWidth: number | undefined) {
  const width = Math.max(200, Math.min(2_000, Math.round((cardWidth ?? 500) / 100) * 100))
  const ids = useMemo(() => runs.map(({ id }) => id), [runs])
  // Lowest and highest of each pixel, of each second one where several lines share them: every spike is kept.
  const wanted = lineCount > mostLines ? pointsOfMany : lineCount > fewLines ? width : width * 2
  const maxPoints = Math.max(2, Math.min(wanted, Math.floor(mostPoints / Math.max(1, ids.length * metrics.length))))
  const query = (steps: { fromStep?: number; toStep?: number }, isWanted: boolean) => ({
    queryKey: ['points', ids, metrics, maxPoints, steps, mark],
    queryFn: ({ signal }: { signal: AbortSignal }) => fetchPoints(ids, metrics, { maxPoints, ...steps }, signal),
    enabled: isWanted && isSeen && ids.length > 0,
    placeholderData: keepPreviousData,
    gcTime: 15_000,
  })
  const isByTime = view.x !== 'step'
  const whole = useQuery(query({}, view.zoom === undefined || isByTime))
  const steps = useMemo(() => stepsOf(view, whole.data ?? []), [view.x, view.zoom?.from, view.zoom?.to, whole.data])
  const part = useQuery(query(steps ?? {}, steps !== undefined))
  const starts = useMemo(
    () => (isByTime ? new Map(whole.data?.map(({ run, key, timesMs }) => [`${run} ${key}`, timesMs[0]!])) : undefined),
    [isByTime, whole.data],
  )
  const shown = steps === undefined ? whole : part
  return {
    series: shown.data ?? whole.data,
    starts,
    error: shown.error,
    retry: () => void shown.refetch(),
  }
}

/** The steps that a zoom shows: of times, those of the points around it in what is known of the whole. */
function stepsOf({ x, zoom }: ChartView, whole: readonly Points[]): { fromStep: number; toStep: number } | undefined {
  if (!zoom) return undefined
  if (x === 'step') return { fromStep: Math.floor(zoom.from), toStep: Math.ceil(zoom.to) }
  let [from, to] = [Infinity, -Infinity]
  for (const { steps, timesMs, values } of whole) {
    const line: Pick<Line, 'steps' | 'timesMs' | 'values'> = { steps, timesMs, values }
    for (let at = 0; at < steps.length; at++) {
      const place = xOf(line as Line, at, x)
      if (place < zoom.from || place > zoom.to) continue
      from = Math.min(from, steps[at - 1] ?? steps[at]!)
      to = Math.max(to, steps[at + 1] ?? steps[at]!)
    }
  }
  return from <= to ? { fromStep: from, toStep: to } : undefined
}

/** Whether it has been on screen: only then is it worth asking for. */
function useSeen(element: RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    if (isSeen || !element.current) return undefined
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true)
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [element, isSeen])
  return isSeen
}
