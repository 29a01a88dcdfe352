import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { projectsQuery } from '../api/queries.ts'
import { A, useSearch } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { formatCount } from '../format/number.ts'
import { StartHere } from '../home/start-here.tsx'
import { holdsText, ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { NewProjectSheet } from './new-project-sheet.tsx'

interface Project {
  name: string
  createdAtMs: number
  runCount: number
}

/** What there is to work on, and the way to more. */
export function ProjectsPage() {
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const answer = useQuery(projectsQuery)
  const [isMaking, setMaking] = useState(false)
  const all = answer.data ?? []
  const shown = all.filter((project) => holdsText(project.name, name))
  return (
    <ListPage
      title="Projects"
      facts={all.length > 0 && formatCount(all.length)}
      actions={
        <>
          <TypedFilter label="Filter by name" />
          <button type="button" className="button primary" onClick={() => setMaking(true)}>
            New project
          </button>
        </>
      }
      answer={answer}
      count={shown.length}
      narrowedBy={name}
      empty={<StartHere />}
    >
      {shown.length > 0 && (
        <div className="card scroll">
          <Table columns={columns} rows={shown} keyOf={(project) => project.name} />
        </div>
      )}
      {isMaking && <NewProjectSheet taken={all.map((project) => project.name)} onClose={() => setMaking(false)} />}
    </ListPage>
  )
}

const pages = ['runs', 'experiments', 'models', 'artifacts', 'functions', 'schedules', 'settings'] as const

const columns: readonly Column<Project>[] = [
  { title: 'Project', className: 'strong', cell: ({ name }) => <A href={inProject(name, '/')}>{name}</A> },
  { title: 'Runs', className: 'num', cell: ({ runCount }) => formatCount(runCount) },
  {
    title: 'Pages',
    cell: ({ name }) =>
      pages.flatMap((page, at) => [
        at > 0 && ' · ',
        <A key={page} href={inProject(name, `/${page}`)}>
          {page}
        </A>,
      ]),
  },
  { title: 'Made', className: 'num', cell: ({ createdAtMs }) => (createdAtMs === 0 ? '–' : <Age atMs={createdAtMs} />) },
]
