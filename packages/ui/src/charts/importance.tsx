import { useMemo } from 'react'
import type { RunRecord } from '../api/types.ts'
import { type Goal, importanceOf } from '../run/sweep-facts.ts'

const mostShown = 8

/** How much each parameter says about the goal, with the method and what it does not see. */
export function Importance({ runs, goal }: { runs: readonly RunRecord[]; goal: Goal }) {
  const importance = useMemo(() => importanceOf(runs, goal), [runs, goal])
  return (
    <section className="card">
      <header>
        <h2>What mattered</h2>
        <span className="facts elide">share of the variance of {goal.metric}</span>
      </header>
      <div className="body">
        {importance.length === 0 && <p className="muted">Needs at least four runs with different results.</p>}
        {importance.slice(0, mostShown).map(({ name, share }) => (
          <div key={name} className="bar-row">
            <span className="elide" title={name}>
              {name}
            </span>
            <span className="track">
              <span className="fill" style={{ display: 'block', width: `${Math.round(share * 100)}%` }} />
            </span>
            <span className="num">{share.toFixed(2)}</span>
          </div>
        ))}
        {importance.length > 0 && (
          <p className="muted small-print">
            Epsilon squared: the correlation ratio of each parameter alone, over its values or up to six groups of them, corrected
            for how many groups there are. It sees no interactions.
          </p>
        )}
      </div>
    </section>
  )
}
