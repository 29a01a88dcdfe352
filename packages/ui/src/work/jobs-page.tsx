import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Job } from '@trainyard/contract/native-api'
import { useState } from 'react'
import { get, patch } from '../api/client.ts'
import { pulseEveryMs } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatBytes, formatCount } from '../format/number.ts'
import { useRunActions } from '../runs/run-actions.ts'
import { Snippet } from '../ui/copy.tsx'
import { holdsText, ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { useKnownRuns } from './known-runs.ts'

const sections = [
  ['leased', 'Running'],
  ['queued', 'Waiting, in the order they will start'],
  ['ended', 'Ended lately'],
] as const

/** What servers were asked to run: what runs, what waits and why, what has ended. */
export function JobsPage() {
  const project = useProject()
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const answer = useQuery({
    queryKey: ['jobs', project],
    queryFn: async ({ signal }) => (await get<{ jobs: Job[] }>('/jobs', { project, limit: 500 }, signal)).jobs,
    refetchInterval: 2 * pulseEveryMs,
    retry: false,
  })
  const jobs = answer.data ?? []
  const runs = useKnownRuns(
    jobs.map(({ runId }) => runId),
    2 * pulseEveryMs,
  )
  const shown = jobs.filter(({ runId, project: owner }) => holdsText(`${runs.get(runId)?.name} ${runId} ${owner}`, name))
  return (
    <ListPage
      title="Jobs"
      facts={jobs.length > 0 && countsOf(jobs)}
      actions={<TypedFilter label="Filter by name" />}
      answer={answer}
      count={shown.length}
      narrowedBy={name}
      empty={<NoJobs project={project} />}
    >
      {sections.map(([state, title]) => {
        const inState = shown.filter((job) => job.state === state)
        return inState.length === 0 ? null : <JobTable key={state} title={title} jobs={inState} runs={runs} />
      })}
    </ListPage>
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
      <Table columns={columnsOf(runs, attempt, actions)} rows={jobs} keyOf={({ runId }) => runId} />
    </section>
  )
}

function columnsOf(
  runs: ReadonlyMap<string, RunRecord>,
  attempt: (work: () => Promise<unknown>) => void,
  { abort }: Pick<ReturnType<typeof useRunActions>, 'abort'>,
): readonly Column<Job>[] {
  const nameOf = (runId: string): string => runs.get(runId)?.name ?? runId.slice(0, 12)
  return [
    {
      title: 'Run',
      className: 'strong',
      cell: ({ runId, attempt: number }) => (
        <>
          <A href={`/runs/${runId}`}>{nameOf(runId)}</A>
          {number > 1 && <span className="muted"> attempt {number}</span>}
        </>
      ),
    },
    { title: 'State', className: 'state-cell', cell: ({ runId }) => <JobState run={runs.get(runId)} /> },
    { title: 'Project', cell: ({ project }) => <A href={inProject(project, '/jobs')}>{project}</A> },
    {
      title: 'Where, or why not yet',
      className: 'muted elide',
      cellProps: ({ reason }) => ({ title: reason ?? undefined }),
      cell: ({ reason, host }) => reason ?? (host === null ? '–' : `on ${host}`),
    },
    { title: 'Wants', className: 'muted', cell: wantsOf },
    {
      title: 'Priority',
      className: 'num',
      cell: ({ runId, state, priority }) =>
        state === 'queued' ? (
          <input
            className="field small"
            type="number"
            min={-1000}
            max={1000}
            aria-label={`Priority of ${nameOf(runId)}`}
            defaultValue={priority}
            onBlur={({ currentTarget: { value } }) => {
              if (value !== '' && Number(value) !== priority) attempt(() => patch(`/jobs/${runId}`, { priority: Number(value) }))
            }}
          />
        ) : (
          priority
        ),
    },
    { title: 'Asked for', className: 'num', cell: ({ enqueuedAtMs }) => <Age atMs={enqueuedAtMs} /> },
    {
      title: 'Actions',
      isUntitled: true,
      className: 'num',
      cell: ({ runId, state }) =>
        state !== 'ended' && (
          <button type="button" className="button small" onClick={() => attempt(() => abort([runId], ''))}>
            Stop
          </button>
        ),
    },
  ]
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
