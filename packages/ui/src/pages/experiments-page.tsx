import { useQueries, useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { projectsQuery } from '../api/queries.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { experimentRuns, useProject } from '../app/project.ts'
import { Age } from '../ui/moment.tsx'

interface Experiment {
  id: string
  project: string
  name: string
  createdAtMs: number
  updatedAtMs: number
  tags: Record<string, string>
}

/** How the work is grouped. */
export function ExperimentsPage() {
  const project = useProject()
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = project === undefined ? projects.map(({ name }) => name).slice(0, 50) : [project]
  const results = useQueries({
    queries: names.map((name) => ({
      queryKey: ['experiments', name],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get<{ experiments: Experiment[] }>('/experiments', { project: name, limit: 1_000 }, signal)).experiments,
      retry: false,
    })),
  })
  // All at once: rows that come one project after another would push each other about.
  const isKnown = results.every(({ isPending }) => !isPending)
  const error = results.find((result) => result.error)?.error
  const experiments = results.flatMap(({ data }) => data ?? []).toSorted((left, right) => right.updatedAtMs - left.updatedAtMs)
  return (
    <>
      <div className="page-head">
        <h1>Experiments</h1>
        <span className="facts">{experiments.length > 0 ? experiments.length : ''}</span>
      </div>
      <div className="page-body">
        {error && <Refusal error={error} />}
        {isKnown && experiments.length > 0 && (
          <div className="card scroll">
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">Experiment</th>
                  <th scope="col">Project</th>
                  <th scope="col">Description</th>
                  <th scope="col" className="num">
                    Made
                  </th>
                </tr>
              </thead>
              <tbody>
                {experiments.map((experiment) => (
                  <tr key={experiment.id}>
                    <td className="strong">
                      <A href={experimentRuns(experiment.project, experiment.name)}>{experiment.name}</A>
                    </td>
                    <td>{experiment.project}</td>
                    <td className="muted">{experiment.tags['mlflow.note.content'] ?? ''}</td>
                    <td className="num">{experiment.createdAtMs === 0 ? '–' : <Age atMs={experiment.createdAtMs} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </>
  )
}
