import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { keysQuery, metricsQuery, type TableScope } from '../api/queries.ts'
import { RunCharts } from '../charts/run-charts.tsx'
import { GroupChoice } from '../runs/group-table.tsx'
import { readNumber } from '../api/client.ts'
import type { RunRecord, SeriesInfo } from '../api/types.ts'
import { useSearch } from '../app/link.tsx'
import { ChartBar } from '../charts/chart-bar.tsx'
import type { DrawnMetric } from '../charts/chart-data.ts'
import { useChartView } from '../charts/chart-view.ts'
import { MetricCharts } from '../charts/metric-charts.tsx'
import { runColour } from '../format/colour.ts'
import { isSystemMetric } from '../format/goal.ts'
import { formatNumber } from '../format/number.ts'

/** Every curve; metrics of one value stand as numbers. */
export function ChartsTab({ run, mark }: { run: RunRecord; mark: number }) {
  const { data: metrics } = useQuery(metricsQuery(run.id))
  const [search] = useSearch()
  const [view, change] = useChartView()
  const text = search.get('metric') ?? ''
  const runs = useMemo(() => [{ id: run.id, name: run.name, colour: runColour(run.id) }], [run.id, run.name])
  const found = useMemo(
    () => (metrics ?? []).filter(({ key }) => key.toLowerCase().includes(text.toLowerCase())),
    [metrics, text],
  )
  const curves = useMemo(() => curvesOf(found, false), [found])
  const system = useMemo(() => curvesOf(found, true), [found])
  const single = found.filter(({ pointCount }) => pointCount === 1)
  if (!metrics) return null
  if (run.kind === 'sweep') return <SweepCharts run={run} mark={mark} />
  if (metrics.length === 0) return <p className="muted">This run logged no metrics.</p>
  return (
    <div className="stack">
      <ChartBar view={view} change={change}>
        <input
          className="field"
          aria-label="Find metrics"
          placeholder={`Find among ${metrics.length} metrics`}
          value={text}
          onChange={(event) => change({ metric: event.target.value })}
        />
      </ChartBar>
      {single.length > 0 && (
        <section className="card" aria-label="Single values">
          <dl className="numbers">
            {single.map(({ key, last }) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>{formatNumber(readNumber(last.value) ?? Number.NaN)}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      <MetricCharts runs={runs} metrics={curves} view={view} change={change} mark={mark} height={220} />
      {system.length > 0 && (
        <section className="stack" aria-labelledby="system-metrics">
          <h2 id="system-metrics">
            System <span className="muted">sampled beside the run; a step is a sample</span>
          </h2>
          <MetricCharts runs={runs} metrics={system} view={view} change={change} mark={mark} height={220} />
        </section>
      )}
    </div>
  )
}

/** A sweep logs nothing itself: its curves are those of its iterations. */
function SweepCharts({ run, mark }: { run: RunRecord; mark: number }) {
  const [search, change] = useSearch()
  const group = search.get('group') ?? undefined
  const scope = useMemo((): TableScope => ({ filter: `parent = '${run.id}'`, iterations: true }), [run.id])
  const { data: keys } = useQuery(keysQuery(scope))
  return (
    <RunCharts scope={scope} group={group} mark={mark}>
      <GroupChoice value={group} keys={keys} onChange={(field) => change({ group: field })} />
    </RunCharts>
  )
}

const curvesOf = (metrics: readonly SeriesInfo[], isSystem: boolean): DrawnMetric[] =>
  metrics
    .filter(({ key, pointCount }) => pointCount > 1 && isSystemMetric(key) === isSystem)
    .map(({ key }) => ({ name: key, runCount: 1 }))
