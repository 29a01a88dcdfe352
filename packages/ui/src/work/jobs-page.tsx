import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, patch } from '../api/client.ts'
import { pulseEveryMs } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatBytes, formatCount } from '../format/number.ts'
import { useRunActions } from '../runs/run-actions.ts'
import { Snippet } from '../ui/copy.tsx'
import { Age } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { useKnownRuns } from './known-runs.ts'

interface Job {
  runId: string
  project: string
  state: 'queued' | 'leased' | 'ended'
  priority: number
  reason: string | null
  cpu: number
  memoryBytes: number
  gpus: number
  host: string | null
  attempt: number
  enqueuedAtMs: number
  leasedAtMs: number | null
  endedAtMs: number | null
}

const sections = [
  ['leased', 'Running'],
  ['queued', 'Waiting, in the order they will start'],
  ['ended', 'Ended lately'],
] as const

/** What servers were asked to run: what runs, what waits and why, what has ended. */
export function JobsPage() {
  const project = useProject()
  const { data, error } = useQuery({
    queryKey: ['jobs', project],
    queryFn: async ({ signal }) => (await get<{ jobs: Job[] }>('/jobs', { project, limit: 500 }, signal)).jobs,
    refetchInterval: 2 * pulseEveryMs,
    retry: false,
  })
  const runs = useKnownRuns(
    (data ?? []).map(({ runId }) => runId),
    2 * pulseEveryMs,
  )
  return (
    <>
      <div className="page-head">
        <h1>Jobs</h1>
        <span className="facts">{data && data.length > 0 ? countsOf(data) : ''}</span>
      </div>
      <div className="page-body">
        <div className="stack">
          {error && <Refusal error={error} />}
          {data?.length === 0 && <NoJobs project={project} />}
          {sections.map(([state, title]) => {
            const jobs = (data ?? []).filter((job) => job.state === state)
            return jobs.length === 0 ? null : <JobTable key={state} title={title} jobs={jobs} runs={runs} />
          })}
        </div>
      </div>
    </>
  )
}

function countsOf(jobs: readonly Job[]): string {
  const count = (state: Job['state']): number => jobs.filter((job) => job.state === state).length
  return `${formatCount(count('leased'))} running · ${formatCount(count('queued'))} waiting`
}

function NoJobs({ project }: { project: string | undefined }) {
  const command = terminalCommand(`run --on server train.py${project === undefined ? '' : ` --project ${project}`}`)
  return (
    <div className="empty" role="status">
      <h2>Nothing was given to the server yet</h2>
      <p>A job runs on the server when there is room for it; you may close your laptop meanwhile.</p>
      <Snippet text={command} />
    </div>
  )
}

function JobTable({ title, jobs, runs }: { title: string; jobs: readonly Job[]; runs: ReadonlyMap<string, RunRecord> }) {
  const [error, setError] = useState<Error | null>(null)
  const actions = useRunActions()
  const queries = useQueryClient()
  const attempt = (work: () => Promise<unknown>): void => {
    work().then(
      () => queries.invalidateQueries({ queryKey: ['jobs'] }),
      (reason: unknown) => setError(reason instanceof Error ? reason : new Error(String(reason))),
    )
  }
  return (
    <section className="card scroll">
      <header>
        <h2>{title}</h2>
        <span className="facts">{formatCount(jobs.length)}</span>
      </header>
      {error && <Refusal error={error} />}
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Project</th>
            <th scope="col">Where, or why not yet</th>
            <th scope="col">Wants</th>
            <th scope="col" className="num">
              Priority
            </th>
            <th scope="col" className="num">
              Asked for
            </th>
            <th scope="col" className="num">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.runId}>
              <td className="strong">
                <A href={`/runs/${job.runId}`}>{runs.get(job.runId)?.name ?? job.runId.slice(0, 12)}</A>
                {job.attempt > 1 && <span className="muted"> attempt {job.attempt}</span>}
              </td>
              <td className="state-cell">
                <JobState run={runs.get(job.runId)} />
              </td>
              <td>
                <A href={inProject(job.project, '/jobs')}>{job.project}</A>
              </td>
              <td className="muted elide" title={job.reason ?? undefined}>
                {job.reason ?? (job.host === null ? '–' : `on ${job.host}`)}
              </td>
              <td className="muted">{wantsOf(job)}</td>
              <td className="num">
                {job.state === 'queued' ? (
                  <input
                    className="field small"
                    type="number"
                    min={-1000}
                    max={1000}
                    aria-label={`Priority of ${runs.get(job.runId)?.name ?? job.runId}`}
                    defaultValue={job.priority}
                    onBlur={({ currentTarget: { value } }) => {
                      if (value !== '' && Number(value) !== job.priority)
                        attempt(() => patch(`/jobs/${job.runId}`, { priority: Number(value) }))
                    }}
                  />
                ) : (
                  job.priority
                )}
              </td>
              <td className="num">
                <Age atMs={job.enqueuedAtMs} />
              </td>
              <td className="num">
                {job.state !== 'ended' && (
                  <button type="button" className="button small" onClick={() => attempt(() => actions.abort([job.runId], ''))}>
                    Stop
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function JobState({ run }: { run: RunRecord | undefined }) {
  return run ? <StateMark state={run.state} reason={run.stateReason} /> : null
}

function wantsOf({ cpu, memoryBytes, gpus }: Job): string {
  const parts = [
    ...(cpu > 0 ? [`${cpu} CPU`] : []),
    ...(memoryBytes > 0 ? [formatBytes(memoryBytes)] : []),
    ...(gpus > 0 ? [`${gpus} GPU`] : []),
  ]
  return parts.length === 0 ? '–' : parts.join(' · ')
}
