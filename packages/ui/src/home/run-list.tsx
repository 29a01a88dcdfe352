import type { RunRow } from '../api/types.ts'
import { literalOf } from '../app/filter-literal.ts'
import { A } from '../app/link.tsx'
import { runsWhere } from '../app/project.ts'
import { formatCount, formatNumber } from '../format/number.ts'
import { Age, Took } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import type { Folded } from './fold-schedules.ts'
import type { ShownMetrics } from './shown-metrics.ts'

/** A few runs on a card, with the way to all of them. */
export function RunList({
  title,
  rows,
  total,
  shown,
  href,
  empty,
  folded,
}: {
  title: string
  rows: readonly RunRow[]
  total: number
  shown: ShownMetrics
  href: string
  empty: string
  /** Lines that stand for older runs as well, by the id of the run. */
  folded?: ReadonlyMap<string, Folded>
}) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        <span className="facts">
          {total > rows.length ? <A href={href}>all {formatCount(total)}</A> : total > 0 ? formatCount(total) : ''}
        </span>
      </header>
      {rows.length === 0 ? (
        <p className="body muted row-high">{empty}</p>
      ) : (
        <div className="scroll">
          <table className="plain-table fixed run-list">
            <thead className="visually-hidden">
              <tr>
                <th scope="col">State</th>
                <th scope="col">Name</th>
                <th scope="col">Project</th>
                <th scope="col">Metric</th>
                <th scope="col">Took</th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const metric = shown.of(row)
                const fold = folded?.get(row.id)
                return (
                  <tr key={row.id}>
                    <td className="state-cell">
                      <StateMark state={row.state} reason={row.stateReason} />
                    </td>
                    <td className="elide">
                      <div className="name-and-reason">
                        <A href={`/runs/${row.id}`} className="elide">
                          {row.name}
                        </A>
                        {fold && (
                          <A className="elide" href={runsOfSchedule(row.project, fold.schedule)}>
                            and {formatCount(fold.more)} before it
                          </A>
                        )}
                        {row.state === 'failed' && row.stateReason && <span className="muted elide">{row.stateReason}</span>}
                      </div>
                    </td>
                    <td className="muted wide-only">{row.project}</td>
                    <td className="num metric-cell">
                      {metric && (
                        <>
                          <span className="muted">{metric.name}</span> {formatNumber(metric.value, 4)}
                        </>
                      )}
                    </td>
                    <td className="num wide-only">
                      <Took startedAtMs={row.startedAtMs} endedAtMs={row.endedAtMs} />
                    </td>
                    <td className="num">
                      <Age atMs={row.startedAtMs ?? row.createdAtMs} />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

const runsOfSchedule = (project: string, schedule: string): string =>
  runsWhere(project, `labels.schedule = ${literalOf(schedule)}`)
