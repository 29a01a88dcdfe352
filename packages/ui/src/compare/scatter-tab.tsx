import { useMemo } from 'react'
import type { RunRecord } from '../api/types.ts'
import { useGo, useSearch } from '../app/link.tsx'
import { Importance } from '../charts/importance.tsx'
import { ScatterPlot } from '../charts/scatter-plot.tsx'
import { goalAxis, parameterAxis, type ValueAxis } from '../charts/value-axis.ts'
import { goalOf } from '../format/goal.ts'
import { metricsOf, useGoalMetric } from '../runs/use-goal-metric.ts'
import { importanceOf, varyingParameters } from '../run/sweep-facts.ts'

/** Any value of the runs over any other; a third as colour, and between the runs as contours. Whole in the address. */
export function ScatterTab({ runs, colours }: { runs: readonly RunRecord[]; colours: ReadonlyMap<string, string> }) {
  const [search, change] = useSearch()
  const go = useGo()
  const parameters = useMemo(() => varyingParameters(runs), [runs])
  const metrics = useMemo(() => metricsOf(runs), [runs])
  const metric = useGoalMetric(runs)
  const goal = useMemo(
    () => (metric === undefined ? undefined : { metric, direction: goalOf(metric), isGuessed: true }),
    [metric],
  )
  const first = useMemo(() => (goal ? importanceOf(runs, goal).map(({ name }) => name) : []), [runs, goal])
  const names = [...parameters, ...metrics.map(({ name }) => name)]
  const isContour = search.get('contour') === 'true'
  const usual = isContour
    ? { x: first[0] ?? parameters[0], y: first[1] ?? parameters[1] ?? metric, depth: metric }
    : { x: first[0] ?? parameters[0] ?? metrics[1]?.name, y: metric, depth: undefined }
  const chosen = (key: string, fallback: string | undefined): string | undefined => {
    const written = search.get(key) ?? undefined
    return written !== undefined && names.includes(written) ? written : fallback
  }
  const [x, y, depth] = [chosen('sx', usual.x), chosen('sy', usual.y), chosen('sz', usual.depth)]
  const axis = (name: string | undefined): ValueAxis | undefined =>
    name === undefined
      ? undefined
      : parameters.includes(name)
        ? parameterAxis(runs, name)
        : goalAxis(runs, { metric: name, direction: 'max', isGuessed: true })
  const [across, up, colour] = useMemo(() => [axis(x), axis(y), axis(depth)] as const, [runs, x, y, depth])
  if (!across || !up) return <p className="muted">They have no two values to be put against each other.</p>
  const choice = (key: string, label: string, value: string | undefined, none?: string) => (
    <label>
      {label}{' '}
      <select className="button small" value={value ?? ''} onChange={(event) => change({ [key]: event.target.value })}>
        {none !== undefined && <option value="">{none}</option>}
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
  return (
    <div className="compare-columns">
      <section className="card">
        <header className="chart-bar">
          {choice('sx', 'across', x)}
          {choice('sy', 'up', y)}
          {choice('sz', 'colour', depth, 'by run')}
          <label>
            <input
              type="checkbox"
              checked={isContour}
              onChange={(event) => change({ contour: event.target.checked ? 'true' : undefined, sy: undefined, sz: undefined })}
            />{' '}
            contours
          </label>
        </header>
        <div className="body">
          <ScatterPlot
            title={`${up.name} over ${across.name}`}
            runs={runs}
            x={across}
            y={up}
            depth={colour}
            isContour={isContour}
            height={440}
            colourOf={(run) => colours.get(run.id) ?? 'var(--run-0)'}
            nameOf={(run) => run.name}
            onOpen={(id) => go(`/runs/${id}`)}
          />
          {isContour && (
            <p className="muted small-print">
              Between the runs: the mean of all, weighed by the inverse square of their distance. Darker is higher. A guess where
              there are no dots.
            </p>
          )}
        </div>
      </section>
      {goal && <Importance runs={runs} goal={goal} />}
    </div>
  )
}
