import { useQuery } from '@tanstack/react-query'
import { statesQuery } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { formatDuration, formatMoment, momentTitle } from '../format/time.ts'
import { StateMark } from '../ui/state.tsx'
import { useNow } from '../ui/moment.tsx'

/** Every state the run has been in, for how long, and why. */
export function HistoryTab({ run }: { run: RunRecord }) {
  const { data: states } = useQuery(statesQuery(run.id))
  const nowMs = useNow()
  if (!states) return null
  const endMs = run.endedAtMs ?? nowMs
  const until = (at: number): number => states[at + 1]?.atMs ?? endMs
  return (
    <section className="card">
      <header>
        <h2>History</h2>
      </header>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard. */}
      <div className="body scroll" tabIndex={0} role="region" aria-label="States">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Since</th>
              <th scope="col" className="num">
                For
              </th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {states.map((change, at) => (
              <tr key={change.atMs + change.state}>
                <td>
                  <StateMark state={change.state} reason={change.reason} />
                </td>
                <td title={momentTitle(change.atMs)}>{formatMoment(change.atMs)}</td>
                <td className="num">
                  {at === states.length - 1 && run.endedAtMs !== null ? '–' : formatDuration(until(at) - change.atMs)}
                </td>
                <td>{change.reason ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
