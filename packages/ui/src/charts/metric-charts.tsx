import { useMemo } from 'react'
import { ChartCard } from './chart-card.tsx'
import { chartsOf, type DrawnMetric } from './chart-data.ts'
import type { ChangeView, ChartView } from './chart-view.ts'
import { type DrawnRun, isGrouped, mostLines } from './drawn-lines.ts'

/** Charts of metrics, `train` and `val` together where lines are told apart, the pinned ones first. */
export function MetricCharts({
  runs,
  metrics,
  view,
  change,
  mark,
  height = 190,
  onDrawn,
}: {
  runs: readonly DrawnRun[]
  metrics: readonly DrawnMetric[]
  view: ChartView
  change: ChangeView
  /** Changes when there are new points. */
  mark: number | string
  height?: number
  onDrawn?: (runs: readonly string[]) => void
}) {
  // A group is one line, whatever is in it.
  const charts = useMemo(() => chartsOf(metrics, isGrouped(runs) ? Infinity : mostLines), [metrics, runs])
  const place = (name: string): number => {
    const at = view.pinned.indexOf(name)
    return at < 0 ? view.pinned.length : at
  }
  const shown = charts
    .filter(({ name }) => !view.hidden.includes(name))
    .toSorted((one, other) => place(one.name) - place(other.name))
  const hiddenCount = charts.length - shown.length
  return (
    <>
      <div
        className="chart-grid"
        style={view.perRow === undefined ? undefined : { gridTemplateColumns: `repeat(${view.perRow}, minmax(0, 1fr))` }}
      >
        {shown.map(({ name, metrics: members, lineCount }) => (
          <ChartCard
            key={name}
            name={name}
            metrics={members}
            lineCount={lineCount}
            runs={runs}
            view={view}
            change={change}
            mark={mark}
            height={height}
            onDrawn={onDrawn}
          />
        ))}
      </div>
      {hiddenCount > 0 && (
        <p className="muted">
          {hiddenCount} hidden{' '}
          <button type="button" className="button plain small" onClick={() => change({ hide: undefined })}>
            Show {hiddenCount === 1 ? 'it' : 'them'}
          </button>
        </p>
      )}
    </>
  )
}
