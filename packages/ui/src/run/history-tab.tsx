import { useQuery } from '@tanstack/react-query'
import { statesQuery } from '../api/queries.ts'
import type { RunRecord, StateChange } from '../api/types.ts'
import { formatDuration, formatMoment, momentTitle } from '../format/time.ts'
import { StateMark } from '../ui/state.tsx'
import { useNow } from '../ui/moment.tsx'
import { type Column, ScrollBox, Table } from '../ui/table.tsx'
import { ReceiversCard } from './receivers-card.tsx'

/** Every state the run has been in, for how long, and why. */
export function HistoryTab({ run }: { run: RunRecord }) {
  const { data: states } = useQuery(statesQuery(run.id))
  const nowMs = useNow()
  if (!states) return null
  const endMs = run.endedAtMs ?? nowMs
  const until = (at: number): number => states[at + 1]?.atMs ?? endMs
  const columns: readonly Column<StateChange>[] = [
    { title: 'State', cell: ({ state, reason }) => <StateMark state={state} reason={reason} /> },
    {
      title: 'Since',
      cellProps: ({ atMs }) => ({ title: momentTitle(atMs) }),
      cell: ({ atMs }) => formatMoment(atMs),
    },
    {
      title: 'For',
      className: 'num',
      cell: ({ atMs }, at) => (at === states.length - 1 && run.endedAtMs !== null ? '–' : formatDuration(until(at) - atMs)),
    },
    { title: 'Why', cell: ({ reason }) => reason ?? '' },
  ]
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>History</h2>
        </header>
        <ScrollBox label="States" className="body">
          <Table columns={columns} rows={states} />
        </ScrollBox>
      </section>
      <ReceiversCard run={run} />
    </div>
  )
}
