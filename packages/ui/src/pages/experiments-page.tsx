import { useQueries, useQuery } from '@tanstack/react-query'
import type { Experiment } from '@trainyard/contract/native-api'
import { get } from '../api/client.ts'
import { projectsQuery } from '../api/queries.ts'
import { A, useSearch } from '../app/link.tsx'
import { experimentRuns, useProject } from '../app/project.ts'
import { terminalCommand } from '../format/command.ts'
import { formatCount } from '../format/number.ts'
import { Snippet } from '../ui/copy.tsx'
import { holdsText, ListPage, TypedFilter } from '../ui/list-page.tsx'
import { Age } from '../ui/moment.tsx'
import { type Column, Table } from '../ui/table.tsx'

/** How the work is grouped. */
export function ExperimentsPage() {
  const project = useProject()
  const [search] = useSearch()
  const name = search.get('name') ?? ''
  const { data: projects = [] } = useQuery(projectsQuery)
  const projectNames = project === undefined ? projects.map((each) => each.name).slice(0, 50) : [project]
  const results = useQueries({
    queries: projectNames.map((owner) => ({
      queryKey: ['experiments', owner],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get<{ experiments: Experiment[] }>('/experiments', { project: owner, limit: 1_000 }, signal)).experiments,
      retry: false,
    })),
  })
  const answer = {
    error: results.find((result) => result.error)?.error ?? null,
    isPending: results.length === 0 || results.some((result) => result.isPending),
    refetch: () => Promise.all(results.map((result) => result.refetch())),
  }
  // All at once: rows that come one project after another would push each other about.
  const experiments = (answer.isPending ? [] : results)
    .flatMap(({ data }) => data ?? [])
    .filter((experiment) => holdsText(experiment.name, name))
    .toSorted((left, right) => right.updatedAtMs - left.updatedAtMs)
  return (
    <ListPage
      title="Experiments"
      facts={experiments.length > 0 && formatCount(experiments.length)}
      actions={<TypedFilter label="Part of a name" />}
      answer={answer}
      count={experiments.length}
      narrowedBy={name}
      empty={<NoExperiments />}
    >
      {experiments.length > 0 && (
        <div className="card scroll">
          <Table columns={columns} rows={experiments} keyOf={({ id }) => id} />
        </div>
      )}
    </ListPage>
  )
}

function NoExperiments() {
  return (
    <div className="empty" role="status">
      <h2>No experiments yet</h2>
      <p>An experiment is a name that runs have in common. The first run that names one makes it:</p>
      <Snippet text={terminalCommand('run train.py --experiment baseline')} />
    </div>
  )
}

const columns: readonly Column<Experiment>[] = [
  {
    title: 'Experiment',
    className: 'strong',
    cell: ({ project, name }) => <A href={experimentRuns(project, name)}>{name}</A>,
  },
  { title: 'Project', cell: ({ project }) => project },
  { title: 'Description', className: 'muted', cell: ({ tags }) => tags['mlflow.note.content'] },
  { title: 'Made', className: 'num', cell: ({ createdAtMs }) => (createdAtMs === 0 ? '–' : <Age atMs={createdAtMs} />) },
]
