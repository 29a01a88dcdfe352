import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { fetchPoints } from '../api/queries.ts'
import type { Points } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { useSearch } from '../app/link.tsx'
import { chartNameOf, chartsOf, type Line, subsetDash, type XKind } from './chart-data.ts'
import { LineChart } from './line-chart.tsx'

/** A run whose curves are drawn. */
export interface DrawnRun {
  id: string
  name: string
  colour: string
}

export interface ChartView {
  x: XKind
  isLog: boolean
  smoothing: number
  zoom: { from: number; to: number } | undefined
}

/** How the charts of a page are drawn; all of it stands in the address. */
export function useChartView(): [ChartView, (values: Record<string, string | undefined>) => void] {
  const [search, change] = useSearch()
  const range = /^(-?[\d.e+]+)\.\.(-?[\d.e+]+)$/.exec(search.get('x') ?? '')
  const axis = search.get('axis')
  const view: ChartView = {
    x: axis === 'relative' || axis === 'wall' ? axis : 'step',
    isLog: search.get('log') === 'true',
    smoothing: Number(search.get('smooth') ?? 0) || 0,
    zoom: range ? { from: Number(range[1]), to: Number(range[2]) } : undefined,
  }
  return [view, change]
}

const axes: [XKind, string][] = [
  ['step', 'Step'],
  ['relative', 'Time'],
  ['wall', 'Clock'],
]

export function ChartBar({
  view,
  change,
  children,
}: {
  view: ChartView
  change: (values: Record<string, string | undefined>) => void
  children?: ReactNode
}) {
  return (
    <div className="chart-bar">
      {children}
      <div className="segmented" role="group" aria-label="Horizontal axis">
        {axes.map(([kind, label]) => (
          <button
            key={kind}
            type="button"
            aria-pressed={view.x === kind}
            onClick={() => change({ axis: kind === 'step' ? undefined : kind, x: undefined })}
          >
            {label}
          </button>
        ))}
      </div>
      <label>
        <input
          type="checkbox"
          checked={view.isLog}
          onChange={(event) => change({ log: event.target.checked ? 'true' : undefined })}
        />{' '}
        log
      </label>
      <label>
        smoothing{' '}
        <input
          type="range"
          min={0}
          max={50}
          step={2}
          value={view.smoothing}
          onChange={(event) => change({ smooth: event.target.value === '0' ? undefined : event.target.value })}
        />
      </label>
      {view.zoom && (
        <button type="button" className="button small" onClick={() => change({ x: undefined })}>
          Show all
        </button>
      )}
    </div>
  )
}

/** Charts of metrics, `train` and `val` together. Each asks for its points when it comes into view, at the width it has. */
export function MetricCharts({
  runs,
  metrics,
  view,
  change,
  mark,
  height,
}: {
  runs: readonly DrawnRun[]
  metrics: readonly string[]
  view: ChartView
  change: (values: Record<string, string | undefined>) => void
  /** Changes when there are new points. */
  mark: number | string
  height?: number
}) {
  const charts = useMemo(() => chartsOf(metrics), [metrics])
  return (
    <div className="chart-grid">
      {charts.map((chart) => (
        <MetricChart
          key={chart.name}
          name={chart.name}
          metrics={chart.metrics}
          runs={runs}
          view={view}
          change={change}
          mark={mark}
          height={height ?? 190}
        />
      ))}
    </div>
  )
}

function MetricChart({
  name,
  metrics,
  runs,
  view,
  change,
  mark,
  height,
}: {
  name: string
  metrics: string[]
  runs: readonly DrawnRun[]
  view: ChartView
  change: (values: Record<string, string | undefined>) => void
  mark: number | string
  height: number
}) {
  const card = useRef<HTMLElement>(null)
  const isSeen = useSeen(card)
  const width = Math.max(200, Math.min(2_000, Math.round((card.current?.clientWidth ?? 500) / 100) * 100))
  const steps = view.x === 'step' && view.zoom ? { fromStep: Math.floor(view.zoom.from), toStep: Math.ceil(view.zoom.to) } : {}
  const ids = runs.map(({ id }) => id)
  const { data, error, refetch } = useQuery({
    queryKey: ['points', ids, metrics, width, steps, mark],
    // Lowest and highest of each pixel: two points per pixel keep every spike.
    queryFn: ({ signal }) => fetchPoints(ids, metrics, { maxPoints: width * 2, ...steps }, signal),
    enabled: isSeen && ids.length > 0,
    placeholderData: keepPreviousData,
    gcTime: 15_000,
  })
  const lines = useMemo(() => toLines(data ?? [], runs, metrics.length > 1), [data, runs, metrics])
  const subsets = metrics
    .map((metric) => [chartNameOf(metric).subset, subsetDash(metric)] as const)
    .filter(([subset]) => subset !== '')
  return (
    <section ref={card} className="card">
      <header>
        <h2 className="elide" title={metrics.join(', ')}>
          {name}
        </h2>
        <span className="facts">
          {metrics.length > 1 &&
            subsets.map(([subset, dash]) => (
              <span key={subset} className="dash-key">
                {subset}
                <svg aria-hidden="true" viewBox="0 0 24 8">
                  <path d="M0 4h24" stroke="currentColor" strokeWidth="1.6" strokeDasharray={dash.join(' ')} />
                </svg>
              </span>
            ))}
        </span>
      </header>
      <div className="body" style={{ minHeight: height + 12 }}>
        {error && <Refusal error={error} retry={() => void refetch()} />}
        {data && (
          <LineChart
            title={name}
            lines={lines}
            x={view.x}
            isLog={view.isLog}
            smoothing={view.smoothing}
            zoom={view.zoom}
            height={height}
            onZoom={(zoom) => change({ x: zoom && `${Number(zoom.from.toPrecision(6))}..${Number(zoom.to.toPrecision(6))}` })}
          />
        )}
      </div>
    </section>
  )
}

function toLines(series: readonly Points[], runs: readonly DrawnRun[], withMetric: boolean): Line[] {
  const known = new Map(runs.map((run) => [run.id, run]))
  return series.map(({ run, key, steps, timesMs, values }) => ({
    id: `${run} ${key}`,
    label: runs.length > 1 ? `${known.get(run)?.name ?? run.slice(0, 8)}${withMetric ? ` ${chartNameOf(key).subset}` : ''}` : key,
    colour: known.get(run)?.colour ?? 'var(--muted)',
    dash: subsetDash(key),
    steps,
    timesMs,
    values,
  }))
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
