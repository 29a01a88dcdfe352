import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { useSearch } from '../app/link.tsx'
import { useProject } from '../app/project.ts'
import { useRunActions } from '../runs/run-actions.ts'
import { Age } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { EmptySheet } from './empty-sheet.tsx'
import { TrashedExperiments } from './trashed-experiments.tsx'

const pageSize = 500

/** What was thrown away and can still come back. */
export function TrashPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const filter = search.get('filter') ?? ''
  const { data, error, refetch } = useQuery({
    queryKey: ['trash', project, filter],
    queryFn: ({ signal }) =>
      get<{ runs: RunRecord[]; next: string | null }>('/runs', { trashed: true, project, filter, limit: pageSize }, signal),
    retry: false,
  })
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [isEmptying, setEmptying] = useState(false)
  const { restore } = useRunActions()
  const ids = (data?.runs ?? []).filter(({ id }) => chosen.has(id)).map(({ id }) => id)
  const toggle = (id: string): void =>
    setChosen((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]))
  return (
    <>
      <div className="page-head">
        <h1>Trash</h1>
        <span className="facts">
          {data && data.runs.length > 0 ? `${data.runs.length}${data.next === null ? '' : ' newest'} runs` : ''}
        </span>
        <div className="actions">
          <input
            className="field"
            aria-label="Filter"
            placeholder="name contains 'test'"
            defaultValue={filter}
            onKeyDown={(event) => event.key === 'Enter' && change({ filter: event.currentTarget.value })}
          />
          <button type="button" className="button" disabled={ids.length === 0} onClick={() => void restore(ids)}>
            Restore {ids.length > 0 && ids.length}
          </button>
          <button
            type="button"
            className="button danger"
            disabled={(data?.runs.length ?? 0) === 0}
            onClick={() => setEmptying(true)}
          >
            {ids.length > 0 ? `Delete ${ids.length}…` : 'Empty…'}
          </button>
        </div>
      </div>
      <div className="page-body stack">
        {error && <Refusal error={error} retry={() => void refetch()} />}
        {data?.runs.length === 0 && <p className="muted">No runs are in the trash{filter === '' ? '' : ' that match'}.</p>}
        {data && data.runs.length > 0 && <TrashedRuns runs={data.runs} chosen={chosen} onToggle={toggle} />}
        <TrashedExperiments project={project} />
      </div>
      {isEmptying && <EmptySheet selection={selectionOf(ids, filter, project)} onClose={() => setEmptying(false)} />}
    </>
  )
}

/** What is chosen, else all that is shown. */
function selectionOf(runs: readonly string[], filter: string, project: string | undefined): Record<string, unknown> {
  if (runs.length > 0) return { runs }
  return { ...(filter === '' ? { all: true } : { filter }), ...(project === undefined ? {} : { project }) }
}

function TrashedRuns({
  runs,
  chosen,
  onToggle,
}: {
  runs: readonly RunRecord[]
  chosen: ReadonlySet<string>
  onToggle: (id: string) => void
}) {
  return (
    <div className="card scroll">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Chosen</span>
            </th>
            <th scope="col">State</th>
            <th scope="col">Name</th>
            <th scope="col">Project</th>
            <th scope="col">Owner</th>
            <th scope="col" className="num">
              Started
            </th>
            <th scope="col" className="num">
              Thrown away
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Choose ${run.name}`}
                  checked={chosen.has(run.id)}
                  onChange={() => onToggle(run.id)}
                />
              </td>
              <td className="state-cell">
                <StateMark state={run.state} reason={run.stateReason} />
              </td>
              <td className="strong">{run.name}</td>
              <td>{run.project}</td>
              <td>{run.owner}</td>
              <td className="num">
                <Age atMs={run.startedAtMs ?? run.createdAtMs} />
              </td>
              <td className="num">{run.trashedAtMs === null ? '–' : <Age atMs={run.trashedAtMs} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
