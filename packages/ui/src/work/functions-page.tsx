import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { A, useSearch } from '../app/link.tsx'
import { inProject, useProject } from '../app/project.ts'
import { newFunctionCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { Chips } from '../ui/chips.tsx'
import { Snippet } from '../ui/copy.tsx'
import { ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'
import type { FunctionVersion } from '@trainyard/contract/native-api'

/** What can be run: the newest version of each function. */
export function FunctionsPage() {
  const project = useProject()
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const answer = useQuery({
    queryKey: ['functions', project, name],
    queryFn: async ({ signal }) =>
      (
        await get<{ functions: FunctionVersion[] }>(
          '/functions',
          { project, name: name === '' ? undefined : `~${name}`, limit: 500 },
          signal,
        )
      ).functions,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const functions = answer.data ?? []
  return (
    <ListPage
      title="Functions"
      facts={functions.length > 0 && formatCount(functions.length)}
      actions={<TypedFilter label="Filter by name" />}
      answer={answer}
      count={functions.length}
      narrowedBy={name}
      empty={<NoFunctions project={project} />}
    >
      {functions.length > 0 && (
        <div className="card scroll">
          <Table columns={columns} rows={functions} keyOf={(each) => `${each.project}/${each.name}`} />
        </div>
      )}
    </ListPage>
  )
}

const columns: readonly Column<FunctionVersion>[] = [
  {
    title: 'Function',
    className: 'strong',
    cell: ({ project, name }) => <A href={inProject(project, `/functions/${encodeURIComponent(name)}`)}>{name}</A>,
  },
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'Handler', className: 'mono', cell: ({ spec }) => spec.handler ?? '–' },
  { title: 'Tags', cell: ({ tags }) => <Chips words={tags} /> },
  { title: 'Project', cell: ({ project }) => <A href={inProject(project, '/functions')}>{project}</A> },
  {
    title: 'Description',
    className: 'muted elide',
    cellProps: ({ spec }) => ({ title: spec.description }),
    cell: ({ spec }) => spec.description,
  },
  { title: 'Updated', className: 'num', cell: ({ updatedAtMs }) => <Age atMs={updatedAtMs} /> },
]

function NoFunctions({ project }: { project: string | undefined }) {
  return (
    <div className="empty" role="status">
      <h2>No functions yet</h2>
      <p>A function is code with everything about how it runs, in versions. Whoever runs it needs none of its files.</p>
      <Snippet text={newFunctionCommand(project)} />
    </div>
  )
}
