import { useQueries, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { metricsQuery } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { MissingPage, Refusal } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { A, useGo, useSearch } from '../app/link.tsx'
import { ChartBar } from '../charts/chart-bar.tsx'
import type { DrawnMetric } from '../charts/chart-data.ts'
import { useChartView } from '../charts/chart-view.ts'
import { drawnAmong, type DrawnRun } from '../charts/drawn-lines.ts'
import { MetricCharts } from '../charts/metric-charts.tsx'
import { ParallelPlot } from '../charts/parallel-plot.tsx'
import { distinctSlots, slotColour } from '../format/colour.ts'
import { goalOf, isSystemMetric } from '../format/goal.ts'
import { varyingParameters } from '../run/sweep-facts.ts'
import { metricsOf, useGoalMetric } from '../runs/use-goal-metric.ts'
import { CopyButton } from '../ui/copy.tsx'
import { distinctRuns } from './distinct-runs.ts'
import { fetchCompared } from './fetch-compared.ts'
import { useNamedRuns } from './named-runs.ts'
import { ArtifactsSide } from './artifacts-side.tsx'
import { CodeSide } from './code-side.tsx'
import { DifferenceTable } from './difference-table.tsx'
import { LogsSide } from './logs-side.tsx'
import { ScatterTab } from './scatter-tab.tsx'
import { rowsOf, verdictOf } from './differences.ts'

/** Why is one better? What differs comes first. */
export function ComparePage() {
  const [search, change] = useSearch()
  const { ids, problems, isLooking } = useNamedRuns(search.get('runs') ?? '')
  const found = ids.join(',')
  useEffect(() => {
    // A name may mean another run tomorrow: the address of this view names them by their ids.
    if (!isLooking && problems.length === 0 && ids.length > 1 && search.get('runs') !== found) change({ runs: found })
  }, [isLooking, problems.length, ids.length, found, search, change])
  const { data: runs, error } = useQuery({
    queryKey: ['compared', ids],
    queryFn: ({ signal }) => fetchCompared(ids, signal),
    enabled: ids.length > 1,
    retry: false,
  })
  if (isLooking) return null
  if (problems.length > 0)
    return (
      <div className="page-body">
        <div className="empty">
          <h1>Not all of these runs are here</h1>
          {problems.map((problem) => (
            <Refusal key={problem.message} error={problem} />
          ))}
        </div>
      </div>
    )
  if (ids.length < 2)
    return (
      <div className="page-body">
        <div className="empty">
          <h1>Choose what to compare</h1>
          <p>
            In <A href="/runs">the runs</A>, choose two or more with <kbd>x</kbd> and press <kbd>c</kbd>.
          </p>
        </div>
      </div>
    )
  if (error) return <MissingPage title="These runs could not be read" error={error} />
  if (!runs) return null
  return <Compared runs={runs} tab={search.get('tab') ?? 'differences'} onRuns={(next) => change({ runs: next.join(',') })} />
}

const tabs = [
  ['differences', 'Differences'],
  ['curves', 'Curves'],
  ['scatter', 'Scatter'],
  ['parallel', 'Parallel'],
  ['artifacts', 'Artifacts'],
  ['code', 'Code and environment'],
  ['logs', 'Logs'],
] as const

function Compared({ runs: given, tab, onRuns }: { runs: readonly RunRecord[]; tab: string; onRuns: (ids: string[]) => void }) {
  const runs = useMemo(() => distinctRuns(given), [given])
  const [showEqual, setShowEqual] = useState(false)
  const slots = useMemo(() => distinctSlots(runs.map(({ id }) => id)), [runs])
  const drawn = useMemo(
    () => runs.map(({ id, name }): DrawnRun => ({ id, name, colour: slotColour(slots.get(id)!) })),
    [runs, slots],
  )
  const colours = useMemo(() => new Map(drawn.map(({ id, colour }) => [id, colour])), [drawn])
  const sections = useMemo(() => rowsOf(runs), [runs])
  const equal = sections.flatMap(({ rows }) => rows).filter((row) => row.isEqual).length
  const different = sections.flatMap(({ rows }) => rows).length - equal
  const [search] = useSearch()
  const link = (name: string): string => `/compare?runs=${search.get('runs')}${name === 'differences' ? '' : `&tab=${name}`}`
  useKeys('Comparison', { e: { label: 'show equal rows, or not', run: () => setShowEqual(!showEqual) } })
  const goal = useGoalMetric(runs)
  const verdict = useMemo(() => verdictOf(runs, goal), [runs, goal])
  return (
    <>
      <div className="page-head">
        <h1>Compare {runs.length} runs</h1>
        {drawn.map(({ id, name, colour }) => (
          <span key={id} className="chip">
            <span className="dot" style={{ background: colour }} />
            <A href={`/runs/${id}`} className="elide">
              {name}
            </A>
            {runs.length > 2 && (
              <button
                type="button"
                className="button plain small"
                aria-label={`Leave ${name} out`}
                onClick={() => onRuns(runs.map((run) => run.id).filter((each) => each !== id))}
              >
                ✕
              </button>
            )}
          </span>
        ))}
        <div className="actions">
          <CopyButton label="Copy link" text={location.href} />
        </div>
      </div>
      <p className="page-line">{verdict}</p>
      <nav className="tabs" aria-label="Parts of the comparison">
        {tabs.map(([name, label]) => (
          <A key={name} href={link(name)} aria-current={tab === name ? 'page' : undefined}>
            {label} {name === 'differences' ? different : ''}
          </A>
        ))}
      </nav>
      <div className="page-body">
        {tab === 'differences' && (
          <div className="compare-columns">
            <div className="stack">
              <div>
                <button type="button" className="button small" aria-pressed={showEqual} onClick={() => setShowEqual(!showEqual)}>
                  {showEqual ? 'Hide' : 'Show'} {equal} equal <kbd>e</kbd>
                </button>
              </div>
              <DifferenceTable
                runs={runs}
                colours={drawn.map(({ colour }) => colour)}
                sections={sections}
                showEqual={showEqual}
              />
            </div>
            <Curves runs={drawn} limit={4} />
          </div>
        )}
        {tab === 'curves' && <Curves runs={drawn} />}
        {tab === 'scatter' && <ScatterTab runs={runs} colours={colours} />}
        {tab === 'parallel' && <Parallel runs={runs} />}
        {tab === 'artifacts' && <ArtifactsSide runs={runs} drawn={drawn} />}
        {tab === 'code' && <CodeSide runs={runs} drawn={drawn} />}
        {tab === 'logs' && <LogsSide runs={runs} drawn={drawn} />}
      </div>
      <footer className="foot">
        <span>
          Differences to the first run · <kbd>e</kbd> equal rows
        </span>
        <span className="right">This link reopens exactly this view</span>
      </footer>
    </>
  )
}

function Curves({ runs, limit }: { runs: readonly DrawnRun[]; limit?: number }) {
  const [view, change] = useChartView()
  const results = useQueries({ queries: runs.map(({ id }) => metricsQuery(id)) })
  const loaded = results.every(({ data }) => data !== undefined)
  const counts = new Map<string, number>()
  const logged = results.flatMap(({ data = [] }) => data).filter(({ key }) => limit === undefined || !isSystemMetric(key))
  for (const { key } of drawnAmong(logged)) counts.set(key, (counts.get(key) ?? 0) + 1)
  const found = Array.from(counts, ([name, runCount]): DrawnMetric => ({ name, runCount })).toSorted(
    (left, right) =>
      Number(isSystemMetric(left.name)) - Number(isSystemMetric(right.name)) ||
      right.runCount - left.runCount ||
      (left.name < right.name ? -1 : 1),
  )
  const signature = JSON.stringify(found.slice(0, limit ?? 100))
  const shown = useMemo(() => JSON.parse(signature) as DrawnMetric[], [signature])
  if (!loaded) return null
  if (shown.length === 0) return <p className="muted">None of them logged a metric.</p>
  return (
    <div className="stack">
      {limit === undefined && <ChartBar view={view} change={change} />}
      <MetricCharts runs={runs} metrics={shown} view={view} change={change} mark={0} />
    </div>
  )
}

function Parallel({ runs }: { runs: readonly RunRecord[] }) {
  const parameters = useMemo(() => varyingParameters(runs).slice(0, 12), [runs])
  const metrics = useMemo(() => metricsOf(runs), [runs])
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const go = useGo()
  const goal = useGoalMetric(runs)
  const metric = chosen ?? goal
  if (metric === undefined) return <p className="muted">They have no metric in common.</p>
  return (
    <section className="card">
      <header>
        <h2>Parallel coordinates</h2>
        <select className="button small" aria-label="Goal" value={metric} onChange={(event) => setChosen(event.target.value)}>
          {metrics.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </header>
      <div className="body">
        <ParallelPlot
          runs={runs}
          parameters={parameters}
          goal={{ metric, direction: goalOf(metric), isGuessed: true }}
          onOpen={(id) => go(`/runs/${id}`)}
        />
      </div>
    </section>
  )
}
