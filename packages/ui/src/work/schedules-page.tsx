import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Firing, Schedule, Timing } from '@trainyard/contract/native-api'
import { useState } from 'react'
import { del, get, patch, post } from '../api/client.ts'
import { pulseEveryMs } from '../api/queries.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { formatMoment } from '../format/time.ts'
import { Snippet } from '../ui/copy.tsx'
import { holdsText, ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { describeTiming, zoneOf } from './schedule-facts.ts'
import { ScheduleGiven, WhatItStarts } from './schedule-given.tsx'
import { UpcomingTimes } from './upcoming-times.tsx'
import { NewScheduleSheet } from './schedule-sheet.tsx'

/** When runs start by themselves: next times, what was fired, pause. */
export function SchedulesPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const [isAdding, setAdding] = useState(false)
  const open = search.get('schedule')
  const name = search.get('name') ?? ''
  const answer = useQuery({
    queryKey: ['schedules', project],
    queryFn: async ({ signal }) =>
      (await get<{ schedules: Schedule[] }>('/schedules', { project, limit: 500 }, signal)).schedules,
    refetchInterval: 5 * pulseEveryMs,
    retry: false,
  })
  const all = answer.data ?? []
  const shown = all.filter((each) => holdsText(each.name, name))
  const chosen = shown.find((each) => keyOf(each) === open)
  const toggle = (each: Schedule): void => change({ schedule: each === chosen ? undefined : keyOf(each) })
  return (
    <ListPage
      title="Schedules"
      facts={all.length > 0 && formatCount(all.length)}
      actions={
        <>
          <TypedFilter label="Filter by name" />
          <button type="button" className="button primary" onClick={() => setAdding(true)}>
            New schedule
          </button>
        </>
      }
      answer={answer}
      count={shown.length}
      narrowedBy={name}
      empty={<NoSchedules />}
    >
      {shown.length > 0 && (
        <div className="card scroll">
          <Table columns={columnsOf(chosen, toggle)} rows={shown} keyOf={keyOf} isCurrent={(each) => each === chosen} />
        </div>
      )}
      {chosen && <OneSchedule key={keyOf(chosen)} schedule={chosen} onGone={() => change({ schedule: undefined })} />}
      {isAdding && <NewScheduleSheet project={project} onClose={() => setAdding(false)} />}
    </ListPage>
  )
}

function NoSchedules() {
  return (
    <div className="empty" role="status">
      <h2>Nothing starts by itself yet</h2>
      <p>A schedule starts a run at its times, or when a data set or a model version arrives.</p>
      <Snippet text={terminalCommand('schedule add nightly --cron "0 3 * * *" train.py')} />
    </div>
  )
}

const columnsOf = (chosen: Schedule | undefined, toggle: (each: Schedule) => void): readonly Column<Schedule>[] => [
  {
    title: 'Schedule',
    className: 'strong',
    cell: (each) => (
      <button type="button" className="button plain small" aria-expanded={each === chosen} onClick={() => toggle(each)}>
        {each.name}
      </button>
    ),
  },
  {
    title: 'State',
    cellProps: ({ state }) => ({ className: state === 'active' ? undefined : 'muted' }),
    cell: ({ state }) => state,
  },
  { title: 'When', className: 'mono', cell: ({ timing }) => describeTiming(timing as Timing) },
  { title: 'What', className: 'elide', cell: (schedule) => <WhatItStarts schedule={schedule} /> },
  { title: 'Project', cell: ({ project }) => <A href={inProject(project, '/schedules')}>{project}</A> },
  { title: 'Last', cell: ({ last }) => <LastFiring last={last} /> },
  { title: 'Next', className: 'num', cell: ({ nextAtMs }) => (nextAtMs === null ? '–' : formatMoment(nextAtMs)) },
]

/** What came of it last, and the run to ask. */
function LastFiring({ last }: Pick<Schedule, 'last'>) {
  if (last === null) return <span className="muted">not yet</span>
  const { runId, runState, outcome, reason, firedAtMs } = last
  const outcomeMark =
    runState === null ? (
      <span className={outcome === 'failed' ? 'failed-text' : undefined} title={reason ?? undefined}>
        {outcome === 'failed' ? 'could not start' : outcome}
      </span>
    ) : (
      <StateMark state={runState} />
    )
  return (
    <>
      {outcomeMark}{' '}
      {runId === null || runState === null ? (
        <Age atMs={firedAtMs} />
      ) : (
        <A href={`/runs/${runId}`}>
          <Age atMs={firedAtMs} />
        </A>
      )}
    </>
  )
}

const firingColumns: readonly Column<Firing>[] = [
  { title: 'Fired', cell: ({ firedAtMs }) => formatMoment(firedAtMs) },
  { title: 'Because', cell: ({ cause }) => cause },
  {
    title: 'Outcome',
    cellProps: ({ outcome }) => ({ className: outcome === 'failed' ? 'failed-text' : undefined }),
    cell: ({ runState, outcome, reason }) => (
      <>
        {runState === null ? outcome : <StateMark state={runState} />}
        {reason !== null && `: ${reason}`}
      </>
    ),
  },
  { title: 'Run', cell: ({ runId }) => (runId === null ? '–' : <A href={`/runs/${runId}`}>{runId.slice(0, 12)}</A>) },
]

const keyOf = ({ project, name }: Schedule): string => `${project}/${name}`

function OneSchedule({ schedule, onGone }: { schedule: Schedule; onGone(): void }) {
  const address = `/schedules/${encodeURIComponent(schedule.project)}/${encodeURIComponent(schedule.name)}`
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const [isRemoving, setRemoving] = useState(false)
  const { data } = useQuery({
    queryKey: ['schedules', 'one', address],
    queryFn: ({ signal }) => get<{ upcomingMs: number[]; history: Firing[] }>(address, { upcoming: 5, history: 50 }, signal),
    refetchInterval: 5 * pulseEveryMs,
    retry: false,
  })
  const attempt = (work: () => Promise<unknown>, then?: () => void): void => {
    setError(null)
    work().then(
      () => {
        then?.()
        return queries.invalidateQueries({ queryKey: ['schedules'] })
      },
      (reason: unknown) => setError(reason instanceof Error ? reason : new Error(String(reason))),
    )
  }
  return (
    <section className="card">
      <header>
        <h2>{schedule.name}</h2>
        <span className="facts">
          by {schedule.owner} · {concurrencies[schedule.concurrency]} · {catchUps[schedule.catchUp]}
        </span>
        <span className="actions">
          <button type="button" className="button small" onClick={() => attempt(() => post(`${address}/fire`, {}))}>
            Run now
          </button>
          {schedule.state !== 'ended' && (
            <button
              type="button"
              className="button small"
              onClick={() => attempt(() => patch(address, { paused: schedule.state === 'active' }))}
            >
              {schedule.state === 'active' ? 'Pause' : 'Go on'}
            </button>
          )}
          <button
            type="button"
            className="button small danger"
            onClick={() => (isRemoving ? attempt(() => del(address), onGone) : setRemoving(true))}
          >
            {isRemoving ? 'Remove: sure? Its runs stay' : 'Remove'}
          </button>
        </span>
      </header>
      <div className="body stack">
        {error && <Refusal error={error} />}
        {data && data.upcomingMs.length > 0 && (
          <p>
            <UpcomingTimes upcomingMs={data.upcomingMs} timeZone={zoneOf(schedule.timing as Timing)} />
          </p>
        )}
        <ScheduleGiven schedule={schedule} />
        {data?.history.length === 0 && <p className="muted">It has not fired yet.</p>}
        {data && data.history.length > 0 && <Table columns={firingColumns} rows={data.history} />}
      </div>
    </section>
  )
}

const concurrencies = { allow: 'runs may overlap', forbid: 'skips while one is at work', replace: 'stops the one at work' }
const catchUps = {
  none: 'missed times are gone',
  latest: 'the last missed time is made up for',
  all: 'missed times are made up for',
}
