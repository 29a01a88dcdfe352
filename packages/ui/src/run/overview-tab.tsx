import { useQuery } from '@tanstack/react-query'
import { isEnded, sentenceOfError } from '@trainyard/contract'
import { useMemo } from 'react'
import { artifactsQuery, metricsQuery } from '../api/queries.ts'
import { readNumber } from '../api/client.ts'
import type { RunRecord, SeriesInfo } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { chartNameOf, type DrawnMetric } from '../charts/chart-data.ts'
import { useChartView } from '../charts/chart-view.ts'
import { MetricCharts } from '../charts/metric-charts.tsx'
import { runColour } from '../format/colour.ts'
import { goalOf, isGoalKnown, isSystemMetric } from '../format/goal.ts'
import { formatBytes, formatNumber, formatValue } from '../format/number.ts'
import { formatDuration } from '../format/time.ts'
import { useFirstAnswers, Waiting } from '../ui/waiting.tsx'
import { LogView } from './log-view.tsx'
import { Note } from './note.tsx'

const shownCharts = 4

/** How is this run, why: curves, log, results, parameters on one page. */
export function OverviewTab({ run, mark }: { run: RunRecord; mark: number }) {
  const { data: metrics } = useQuery(metricsQuery(run.id))
  const [view, change] = useChartView()
  const curves = useMemo(() => chosenCurves(metrics ?? []), [metrics])
  const runs = useMemo(() => [{ id: run.id, name: run.name, colour: runColour(run.id) }], [run.id, run.name])
  const isShaped = useFirstAnswers([metricsQuery(run.id), artifactsQuery(run.id)])
  if (!isShaped) return <Waiting />
  return (
    <div className="columns">
      <div className="stack">
        <Banner run={run} metrics={metrics ?? []} />
        {curves.length > 0 && <MetricCharts runs={runs} metrics={curves} view={view} change={change} mark={mark} />}
        {metrics?.length === 0 && isEnded(run.state) && <p className="muted">This run logged no metrics.</p>}
        {curves.length === 0 && !isEnded(run.state) && (
          <p className="chart-place muted">Curves appear here as soon as two points of a metric are logged.</p>
        )}
        <LogView run={run} mark={mark} isShort />
      </div>
      <div className="stack">
        <Results metrics={metrics ?? []} run={run} />
        <Parameters run={run} />
        <Artifacts run={run} />
        <Note run={run} />
        {run.inputs.length > 0 && (
          <section className="card">
            <header>
              <h2>Inputs</h2>
            </header>
            <dl className="body pairs">
              {run.inputs.flatMap((input) => [
                <dt key={input.key}>{input.key}</dt>,
                <dd key={`${input.key} url`} className="mono" title={input.url}>
                  {input.url.split('/').at(-1)}
                </dd>,
              ])}
            </dl>
          </section>
        )}
      </div>
    </div>
  )
}

/** Charts of metrics that train and val share come first, then the others; single values and the machine are never a chart here. */
function chosenCurves(metrics: readonly SeriesInfo[]): DrawnMetric[] {
  const curves = metrics.filter(({ key, pointCount }) => pointCount > 1 && !isSystemMetric(key)).map(({ key }) => key)
  const charts = [...new Set(curves.map((key) => chartNameOf(key).chart))]
  const shared = charts.filter((chart) => curves.filter((key) => chartNameOf(key).chart === chart).length > 1)
  const first = new Set([...shared, ...charts.filter((chart) => !shared.includes(chart))].slice(0, shownCharts))
  return curves.filter((key) => first.has(chartNameOf(key).chart)).map((name) => ({ name, runCount: 1 }))
}

function Banner({ run, metrics }: { run: RunRecord; metrics: readonly SeriesInfo[] }) {
  const odd = metrics.filter(({ last }) => Number.isNaN(readNumber(last.value)))
  const took =
    run.startedAtMs !== null && run.endedAtMs !== null ? ` after ${formatDuration(run.endedAtMs - run.startedAtMs)}` : ''
  const isLost = run.stateReason?.startsWith('lost: ') === true
  return (
    <>
      {run.state === 'failed' && (
        <div className="note failure" role="alert">
          <strong>
            {isLost ? 'Lost' : 'Failed'}
            {took}
          </strong>
          {run.error ? (
            <>
              : <code>{sentenceOfError(run.error)}</code>
            </>
          ) : (
            run.stateReason && `: ${run.stateReason.replace(/^lost: /, '')}`
          )}{' '}
          <A href={`/runs/${run.id}/logs`}>See the log</A>
          {run.error?.traceback && (
            <details>
              <summary>Where</summary>
              <pre>{run.error.traceback}</pre>
            </details>
          )}
        </div>
      )}
      {run.state === 'aborted' && run.stateReason && (
        <div className="note">
          Stopped{took}: {run.stateReason}
        </div>
      )}
      {odd.length > 0 && (
        <div className="note failure">
          {odd.map(({ key }) => key).join(', ')} {odd.length === 1 ? 'is' : 'are'} <strong>NaN</strong> at the end. The curves
          show from which step on.
        </div>
      )}
      {run.problems.map((problem) => (
        <div key={problem} className="note">
          {problem}
        </div>
      ))}
    </>
  )
}

function Results({ metrics: all, run }: { metrics: readonly SeriesInfo[]; run: RunRecord }) {
  const metrics = all.filter(({ key }) => !isSystemMetric(key))
  const known = new Set(metrics.map(({ key }) => key))
  const others = Object.entries(run.results).filter(([key]) => !known.has(key) && !isSystemMetric(key))
  if (metrics.length === 0 && others.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Results</h2>
        <span className="facts">last · best</span>
      </header>
      <dl className="body pairs">
        {metrics.flatMap((series) => {
          const goal = goalOf(series.key)
          const last = readNumber(series.last.value) ?? Number.NaN
          const best = readNumber(goal === 'max' ? series.max : series.min)
          return [
            <dt key={series.key}>
              {series.key}{' '}
              <span className="muted" title={goal === 'max' ? 'higher is better, by its name' : 'lower is better, by its name'}>
                {isGoalKnown(series.key) ? (goal === 'max' ? '▲' : '▼') : ''}
              </span>
            </dt>,
            <dd key={`${series.key} value`} title={`${last} at step ${series.last.step}`}>
              <span className={Number.isFinite(last) ? undefined : 'failed-text'}>
                {formatNumber(last, Number.isInteger(last) ? undefined : 4)}
              </span>
              {series.pointCount > 1 && best !== undefined && (
                <span className="muted"> · {formatNumber(best, Number.isInteger(best) ? undefined : 4)}</span>
              )}
            </dd>,
          ]
        })}
        {others.flatMap(([key, value]) => [<dt key={key}>{key}</dt>, <dd key={`${key} value`}>{formatValue(value)}</dd>])}
      </dl>
    </section>
  )
}

export function Parameters({ run }: { run: RunRecord }) {
  const entries = Object.entries(run.parameters)
  if (entries.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Parameters</h2>
        <span className="facts">{entries.length}</span>
      </header>
      <dl className="body pairs">
        {entries.flatMap(([key, value]) => [<dt key={key}>{key}</dt>, <dd key={`${key} value`}>{formatValue(value)}</dd>])}
      </dl>
    </section>
  )
}

function Artifacts({ run }: { run: RunRecord }) {
  const { data } = useQuery(artifactsQuery(run.id))
  if (!data || data.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Artifacts</h2>
      </header>
      <dl className="body pairs">
        {data.slice(0, 12).flatMap((artifact) => [
          <dt key={artifact.id}>
            <A href={`/runs/${run.id}/artifacts?key=${encodeURIComponent(artifact.key)}`}>{artifact.key}</A>
          </dt>,
          <dd key={`${artifact.id} size`} className="muted">
            {artifact.sizeBytes === null ? artifact.kind : formatBytes(artifact.sizeBytes)}
          </dd>,
        ])}
      </dl>
    </section>
  )
}
