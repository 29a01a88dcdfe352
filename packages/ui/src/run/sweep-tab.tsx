import { useQuery } from '@tanstack/react-query'
import { isEnded } from '@trainyard/contract'
import { useMemo, useState } from 'react'
import { iterationsQuery } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { A, useGo } from '../app/link.tsx'
import type { Line } from '../charts/chart-data.ts'
import { LineChart } from '../charts/line-chart.tsx'
import { Importance } from '../charts/importance.tsx'
import { ParallelPlot } from '../charts/parallel-plot.tsx'
import { ScatterPlot } from '../charts/scatter-plot.tsx'
import { goalAxis, parameterAxis } from '../charts/value-axis.ts'
import { formatDuration } from '../format/time.ts'
import { formatCount, formatNumber, formatValue } from '../format/number.ts'
import { bestOf, type Goal, goalOfSweep, importanceOf, leftMsOf, valueOf, varyingParameters } from './sweep-facts.ts'
import { Note } from './note.tsx'

/** Go on or stop: best so far, what mattered, and which settings were good. */
export function SweepTab({ run }: { run: RunRecord }) {
  const { data: iterations } = useQuery(iterationsQuery(run.id))
  const goal = useMemo(() => iterations && goalOfSweep(run, iterations), [run, iterations])
  if (!iterations) return null
  if (iterations.length === 0 || !goal)
    return <p className="muted">No iteration has a result yet. They appear here as they end.</p>
  return <SweepView run={run} iterations={iterations} goal={goal} />
}

function SweepView({ run, iterations, goal }: { run: RunRecord; iterations: readonly RunRecord[]; goal: Goal }) {
  const best = useMemo(() => bestOf(iterations, goal), [iterations, goal])
  const lines = useMemo(() => linesOf(iterations, goal), [iterations, goal])
  const importance = useMemo(() => importanceOf(iterations, goal), [iterations, goal])
  const names = useMemo(() => {
    const varying = varyingParameters(iterations)
    const rank = new Map(importance.map(({ name }, at) => [name, at]))
    return varying.toSorted((left, right) => (rank.get(left) ?? 99) - (rank.get(right) ?? 99)).slice(0, 10)
  }, [iterations, importance])
  const [zoom, setZoom] = useState<{ from: number; to: number } | undefined>(undefined)
  const go = useGo()
  const { sweep } = run
  return (
    <div className="stack">
      <p>
        Goal <strong>{`${goal.direction} ${goal.metric}`}</strong>
        {goal.isGuessed && ' (by the name of the metric: the sweep named none)'}.{' '}
        {best && (
          <>
            Best <strong>{formatNumber(valueOf(best, goal.metric), 4)}</strong> by{' '}
            <A href={`/runs/${best.id}`}>#{best.iteration}</A> (
            {names.map((name) => `${name} ${formatValue(best.parameters[name])}`).join(', ')}). Last gain{' '}
            {formatCount(iterations.length - best.iteration)} iterations ago.
          </>
        )}{' '}
        <Budget run={run} iterations={iterations} />{' '}
        {sweep && sweep.failed > 0 && <span className="failed-text">{sweep.failed} failed.</span>} {sweep?.stopReason}
      </p>
      <div className="sweep-top">
        <section className="card">
          <header>
            <h2 className="elide">{goal.metric} by iteration</h2>
            <span className="facts">dots = iterations, line = best so far</span>
          </header>
          <div className="body">
            <LineChart title={`${goal.metric} by iteration`} lines={lines} x="step" zoom={zoom} onZoom={setZoom} height={210} />
          </div>
        </section>
        <Importance runs={iterations} goal={goal} />
      </div>
      <section className="card">
        <header>
          <h2>Parallel coordinates</h2>
          <span className="facts">best 10 in colour · drag on an axis to choose · click a line to open it</span>
        </header>
        <div className="body">
          <ParallelPlot runs={iterations} parameters={names} goal={goal} onOpen={(id) => go(`/runs/${id}`)} />
        </div>
      </section>
      <Slices iterations={iterations} names={names} goal={goal} best={best?.id} onOpen={(id) => go(`/runs/${id}`)} />
      <Note run={run} />
    </div>
  )
}

/** What has been used of what was asked for, and how long the rest takes at the pace so far. */
function Budget({ run, iterations }: { run: RunRecord; iterations: readonly RunRecord[] }) {
  const leftMs = leftMsOf(run, iterations)
  const planned = run.sweep?.planned
  if (planned === null || planned === undefined) return null
  const done = iterations.filter(({ state }) => isEnded(state)).length
  return (
    <span className="muted">
      {formatCount(done)} of {formatCount(planned)} iterations
      {leftMs !== undefined && `, about ${formatDuration(leftMs)} left`}.
    </span>
  )
}

const mostSlices = 6

/** The goal over one parameter at a time, the most telling ones first. */
function Slices({
  iterations,
  names,
  goal,
  best,
  onOpen,
}: {
  iterations: readonly RunRecord[]
  names: readonly string[]
  goal: Goal
  best: string | undefined
  onOpen: (id: string) => void
}) {
  const up = useMemo(() => goalAxis(iterations, goal), [iterations, goal])
  const slices = useMemo(
    () => names.slice(0, mostSlices).map((name) => ({ name, axis: parameterAxis(iterations, name) })),
    [iterations, names],
  )
  return (
    <section className="card">
      <header>
        <h2>Slices</h2>
        <span className="facts">{goal.metric} over each parameter · the best stands out · click a dot to open it</span>
      </header>
      <div className="body slices">
        {slices.map(({ name, axis }) => (
          <ScatterPlot
            key={name}
            title={`${goal.metric} over ${name}`}
            runs={iterations}
            x={axis}
            y={up}
            height={200}
            colourOf={(run) => (run.id === best ? 'var(--run-1)' : 'var(--run-0)')}
            onOpen={onOpen}
          />
        ))}
      </div>
    </section>
  )
}

function linesOf(iterations: readonly RunRecord[], goal: Goal): Line[] {
  const ended = iterations.filter((run) => Number.isFinite(valueOf(run, goal.metric)))
  const steps = ended.map((run) => run.iteration)
  const timesMs = ended.map((run) => run.endedAtMs ?? run.createdAtMs)
  const values = ended.map((run) => valueOf(run, goal.metric))
  let best = Number.NaN
  const soFar = values.map((value) => {
    if (Number.isNaN(best) || (goal.direction === 'max' ? value > best : value < best)) best = value
    return best
  })
  return [
    { id: 'each', label: 'iteration', colour: 'var(--run-4)', dash: [], steps, timesMs, values, isDots: true },
    { id: 'best', label: 'best so far', colour: 'var(--run-0)', dash: [], steps, timesMs, values: soFar, isStepped: true },
  ]
}
