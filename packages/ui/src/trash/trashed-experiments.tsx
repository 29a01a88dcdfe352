import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Experiment } from '@trainyard/contract/native-api'
import { get, post } from '../api/client.ts'
import { projectsQuery } from '../api/queries.ts'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'

const mostProjects = 100

/** Experiments come back with all their runs. */
export function TrashedExperiments({ project }: { project: string | undefined }) {
  const queries = useQueryClient()
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = project === undefined ? projects.map(({ name }) => name).slice(0, mostProjects) : [project]
  const { data = [] } = useQuery({
    queryKey: ['trashed experiments', names],
    queryFn: async ({ signal }) =>
      (
        await Promise.all(
          names.map((name) =>
            get<{ experiments: Experiment[] }>('/experiments', { project: name, trashed: true, limit: 100 }, signal),
          ),
        )
      ).flatMap(({ experiments }) => experiments),
    enabled: names.length > 0,
    retry: false,
  })
  if (data.length === 0) return null
  const restore = async (id: string): Promise<void> => {
    await post(`/experiments/${id}/restore`, {})
    await queries.invalidateQueries()
  }
  return (
    <section className="card scroll">
      <header>
        <h2>Experiments</h2>
      </header>
      <Table columns={columnsOf(restore)} rows={data} keyOf={({ id }) => id} />
    </section>
  )
}

const columnsOf = (restore: (id: string) => Promise<void>): readonly Column<Experiment>[] => [
  { title: 'Name', className: 'strong', cell: ({ name }) => name },
  { title: 'Project', cell: ({ project }) => project },
  {
    title: 'Thrown away',
    className: 'num',
    cell: ({ trashedAtMs }) => trashedAtMs !== null && <Age atMs={trashedAtMs} />,
  },
  {
    title: 'Actions',
    isUntitled: true,
    className: 'num',
    cell: ({ id }) => (
      <button type="button" className="button small" onClick={() => void restore(id)}>
        Restore with its runs
      </button>
    ),
  },
]
