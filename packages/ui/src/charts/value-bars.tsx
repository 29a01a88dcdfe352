import { A } from '../app/link.tsx'
import { goalOf } from '../format/goal.ts'
import { formatNumber } from '../format/number.ts'
import { ScrollBox } from '../ui/table.tsx'
import { barsOf } from './bars.ts'
import { colourAtRest, type Line } from './chart-data.ts'
import { lightRun } from './lit-run.ts'

/** One value of each run, the best first: bars, or points where less is better, where an axis of steps would have a single place. */
export function ValueBars({ title, lines, height }: { title: string; lines: readonly Line[]; height: number }) {
  const goal = goalOf(title)
  const bars = barsOf(lines, goal)
  return (
    <div style={{ maxHeight: height, display: 'grid' }}>
      <ScrollBox label={`${title}: a value of each run`}>
        <ul className="value-bars">
          {bars.map(({ line, value, from, to }) => (
            <li key={line.id} onPointerEnter={() => lightRun(line.run ?? null)} onPointerLeave={() => lightRun(null)}>
              {line.run === undefined ? (
                <span className="elide">{line.label}</span>
              ) : (
                <A className="elide" href={`/runs/${line.run}`}>
                  {line.label}
                </A>
              )}
              <span className={goal === 'min' ? 'track points' : 'track'}>
                {Number.isFinite(value) && (
                  <span
                    style={{
                      left: `${from * 100}%`,
                      width: goal === 'min' ? undefined : `${(to - from) * 100}%`,
                      background: colourAtRest(line),
                    }}
                  />
                )}
              </span>
              <span className="num">{formatNumber(value)}</span>
            </li>
          ))}
        </ul>
      </ScrollBox>
    </div>
  )
}
