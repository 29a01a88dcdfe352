import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { del, get, patch, post } from '../api/client.ts'
import { pulseEveryMs } from '../api/queries.ts'
import type { RunState } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { formatDuration, formatMoment } from '../format/time.ts'
import { Snippet } from '../ui/copy.tsx'
import { StateMark } from '../ui/state.tsx'

type Timing =
  | { kind: 'cron'; expression: string; timeZone?: string }
  | { kind: 'interval'; everyMs: number }
  | { kind: 'once'; atMs: number }
  | { kind: 'artifact'; key?: string; tag?: string }
  | { kind: 'model'; model?: string }
  | { kind: 'webhook' }

interface Schedule {
  project: string
  name: string
  owner: string
  state: 'active' | 'paused' | 'ended'
  timing: Timing
  concurrency: 'allow' | 'forbid' | 'replace'
  catchUp: 'none' | 'latest' | 'all'
  job: {
    task?: { name?: string; command?: string; function?: string; handler?: string }
    code?: { name: string }
    commandLine?: string[]
  }
  nextAtMs: number | null
}

interface Firing {
  plannedAtMs: number
  firedAtMs: number
  cause: string
  outcome: 'started' | 'skipped' | 'failed'
  runId: string | null
  runState: RunState | null
  reason: string | null
}

/** When runs start by themselves: next times, what was fired, pause. */
export function SchedulesPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const open = search.get('schedule')
  const { data, error } = useQuery({
    queryKey: ['schedules', project],
    queryFn: async ({ signal }) =>
      (await get<{ schedules: Schedule[] }>('/schedules', { project, limit: 500 }, signal)).schedules,
    refetchInterval: 5 * pulseEveryMs,
    retry: false,
  })
  const chosen = data?.find((each) => keyOf(each) === open)
  return (
    <>
      <div className="page-head">
        <h1>Schedules</h1>
        <span className="facts">{data && data.length > 0 ? formatCount(data.length) : ''}</span>
      </div>
      <div className="page-body">
        <div className="stack">
          {error && <Refusal error={error} />}
          {data?.length === 0 && (
            <div className="empty" role="status">
              <h2>Nothing starts by itself yet</h2>
              <p>A schedule starts a run at its times, or when a data set or a model version arrives.</p>
              <Snippet text={terminalCommand('schedule add nightly --cron "0 3 * * *" train.py')} />
            </div>
          )}
          {data && data.length > 0 && (
            <div className="card scroll">
              <table className="plain-table">
                <thead>
                  <tr>
                    <th scope="col">Schedule</th>
                    <th scope="col">State</th>
                    <th scope="col">When</th>
                    <th scope="col">What</th>
                    <th scope="col">Project</th>
                    <th scope="col" className="num">
                      Next
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((each) => (
                    <tr key={keyOf(each)} className={each === chosen ? 'current' : undefined}>
                      <td className="strong">
                        <button
                          type="button"
                          className="button plain small"
                          aria-expanded={each === chosen}
                          onClick={() => change({ schedule: each === chosen ? undefined : keyOf(each) })}
                        >
                          {each.name}
                        </button>
                      </td>
                      <td className={each.state === 'active' ? undefined : 'muted'}>{each.state}</td>
                      <td className="mono">{describe(each.timing)}</td>
                      <td className="elide">{whatOf(each)}</td>
                      <td>
                        <A href={inProject(each.project, '/schedules')}>{each.project}</A>
                      </td>
                      <td className="num">{each.nextAtMs === null ? '–' : formatMoment(each.nextAtMs)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {chosen && <OneSchedule key={keyOf(chosen)} schedule={chosen} onGone={() => change({ schedule: undefined })} />}
        </div>
      </div>
    </>
  )
}

const keyOf = ({ project, name }: Schedule): string => `${project}/${name}`

/** The function or the script: a schedule's own name stands beside it. */
const whatOf = ({ job: { task, code, commandLine } }: Schedule): string =>
  task?.function ?? code?.name ?? (task?.command ?? commandLine?.[0])?.split('/').at(-1) ?? task?.handler ?? '–'

function describe(timing: Timing): string {
  switch (timing.kind) {
    case 'cron':
      return `${timing.expression}${timing.timeZone === undefined ? '' : ` ${timing.timeZone}`}`
    case 'interval':
      return `every ${formatDuration(timing.everyMs)}`
    case 'once':
      return `at ${formatMoment(timing.atMs)}`
    case 'artifact':
      return `when ${timing.key ?? 'an artifact'}${timing.tag === undefined ? '' : `:${timing.tag}`} arrives`
    case 'model':
      return `when a version of ${timing.model ?? 'a model'} arrives`
    default:
      return 'when its webhook is called'
  }
}

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
        {data && data.upcomingMs.length > 0 && <p>Next: {data.upcomingMs.map(formatMoment).join(' · ')}</p>}
        {data?.history.length === 0 && <p className="muted">It has not fired yet.</p>}
        {data && data.history.length > 0 && (
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Fired</th>
                <th scope="col">Because</th>
                <th scope="col">Outcome</th>
                <th scope="col">Run</th>
              </tr>
            </thead>
            <tbody>
              {data.history.map((firing) => (
                <tr key={`${firing.plannedAtMs} ${firing.firedAtMs}`}>
                  <td>{formatMoment(firing.firedAtMs)}</td>
                  <td>{firing.cause}</td>
                  <td className={firing.outcome === 'failed' ? 'failed-text' : undefined}>
                    {firing.runState === null ? firing.outcome : <StateMark state={firing.runState} />}
                    {firing.reason !== null && `: ${firing.reason}`}
                  </td>
                  <td>{firing.runId === null ? '–' : <A href={`/runs/${firing.runId}`}>{firing.runId.slice(0, 12)}</A>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
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
