import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { A, useSearch } from '../app/link.tsx'
import { useProject } from '../app/project.ts'
import { useRunActions } from '../runs/run-actions.ts'
import { terminalCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { literalOf } from '../app/filter-literal.ts'
import { Snippet } from '../ui/copy.tsx'
import { ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { EmptySheet } from './empty-sheet.tsx'
import { TrashedExperiments } from './trashed-experiments.tsx'

const pageSize = 500

/** What was thrown away and can still come back. */
export function TrashPage() {
  const project = useProject()
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const filter = name === '' ? '' : `name contains ${literalOf(name)}`
  const answer = useQuery({
    queryKey: ['trash', project, filter],
    queryFn: ({ signal }) =>
      get<{ runs: RunRecord[]; next: string | null }>('/runs', { trashed: true, project, filter, limit: pageSize }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  })
  const runs = answer.data?.runs ?? []
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [isEmptying, setEmptying] = useState(false)
  const { restore } = useRunActions()
  const ids = runs.filter(({ id }) => chosen.has(id)).map(({ id }) => id)
  const toggle = (id: string): void =>
    setChosen((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]))
  return (
    <ListPage
      title="Trash"
      facts={runs.length > 0 && `${formatCount(runs.length)}${answer.data?.next === null ? '' : ' newest'} runs`}
      actions={
        <>
          <TypedFilter label="Filter by name" />
          <button type="button" className="button" disabled={ids.length === 0} onClick={() => void restore(ids)}>
            Restore {ids.length > 0 && ids.length}
          </button>
          <button type="button" className="button danger" disabled={runs.length === 0} onClick={() => setEmptying(true)}>
            {ids.length > 0 ? `Delete ${ids.length}…` : 'Empty…'}
          </button>
        </>
      }
      answer={answer}
      count={runs.length}
      narrowedBy={name}
      empty={<NoTrash />}
    >
      {runs.length > 0 && (
        <div className="card scroll">
          <Table columns={columnsOf(chosen, toggle)} rows={runs} keyOf={({ id }) => id} />
        </div>
      )}
      <TrashedExperiments project={project} />
      {isEmptying && <EmptySheet selection={selectionOf(ids, filter, project)} onClose={() => setEmptying(false)} />}
    </ListPage>
  )
}

function NoTrash() {
  return (
    <div className="empty" role="status">
      <h2>No runs are in the trash</h2>
      <p>
        Runs come here from the table (choose some, then <kbd>#</kbd>) or with this command; here they wait until they are
        restored or deleted for good.
      </p>
      <Snippet text={terminalCommand('rm latest')} />
    </div>
  )
}

/** What is chosen, else all that is shown. */
function selectionOf(runs: readonly string[], filter: string, project: string | undefined): Record<string, unknown> {
  if (runs.length > 0) return { runs }
  return { ...(filter === '' ? { all: true } : { filter }), ...(project === undefined ? {} : { project }) }
}

const columnsOf = (chosen: ReadonlySet<string>, toggle: (id: string) => void): readonly Column<RunRecord>[] => [
  {
    title: 'Chosen',
    isUntitled: true,
    cell: ({ id, name }) => (
      <input type="checkbox" aria-label={`Choose ${name}`} checked={chosen.has(id)} onChange={() => toggle(id)} />
    ),
  },
  { title: 'State', className: 'state-cell', cell: ({ state, stateReason }) => <StateMark state={state} reason={stateReason} /> },
  { title: 'Name', className: 'strong', cell: ({ id, name }) => <A href={`/runs/${id}`}>{name}</A> },
  { title: 'Project', cell: ({ project }) => project },
  { title: 'Owner', cell: ({ owner }) => owner },
  { title: 'Started', className: 'num', cell: ({ startedAtMs, createdAtMs }) => <Age atMs={startedAtMs ?? createdAtMs} /> },
  {
    title: 'Thrown away',
    className: 'num',
    cell: ({ trashedAtMs }) => (trashedAtMs === null ? '–' : <Age atMs={trashedAtMs} />),
  },
]
