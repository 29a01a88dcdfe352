import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { iterationsQuery } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { formatNumber, formatValue } from '../format/number.ts'
import { Took } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { goalOfSweep, valueOf, varyingParameters } from './sweep-facts.ts'

const mostRows = 1_000

/** Iterations, the best first. */
export function IterationsTab({ run }: { run: RunRecord }) {
  const { data: iterations } = useQuery(iterationsQuery(run.id))
  const goal = useMemo(() => iterations && goalOfSweep(run, iterations), [run, iterations])
  const names = useMemo(() => varyingParameters(iterations ?? []), [iterations])
  const sorted = useMemo(() => {
    if (!iterations || !goal) return iterations ?? []
    const rank = (each: RunRecord): number => {
      const value = valueOf(each, goal.metric)
      return Number.isFinite(value) ? (goal.direction === 'max' ? -value : value) : Infinity
    }
    return iterations.toSorted((left, right) => rank(left) - rank(right) || left.iteration - right.iteration)
  }, [iterations, goal])
  if (!iterations) return null
  const best = sorted.slice(0, 4).map((each) => each.id)
  return (
    <div className="stack">
      <div>
        {best.length > 1 && (
          <A className="button" href={`/compare?runs=${best.join(',')}`}>
            Compare the best {best.length}
          </A>
        )}{' '}
        <A className="button" href={`/runs?flat=true&filter=${encodeURIComponent(`parent = '${run.id}'`)}`}>
          As a table of runs
        </A>
      </div>
      <div className="card scroll">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">State</th>
              {goal && (
                <th scope="col" className="num">
                  {goal.metric} {goal.direction === 'max' ? '▲' : '▼'}
                </th>
              )}
              {names.map((name) => (
                <th key={name} scope="col" className="num">
                  {name}
                </th>
              ))}
              <th scope="col" className="num">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, mostRows).map((each) => (
              <tr key={each.id}>
                <td>
                  <A href={`/runs/${each.id}`}>#{each.iteration}</A>
                </td>
                <td>
                  <StateMark state={each.state} reason={each.stateReason} />
                </td>
                {goal && (
                  <td className="num strong">
                    {Object.hasOwn(each.results, goal.metric) ? formatNumber(valueOf(each, goal.metric), 4) : '–'}
                  </td>
                )}
                {names.map((name) => (
                  <td key={name} className="num">
                    {formatValue(each.parameters[name])}
                  </td>
                ))}
                <td className="num">
                  <Took startedAtMs={each.startedAtMs} endedAtMs={each.endedAtMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}
