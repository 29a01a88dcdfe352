import { useQueries, useQuery } from '@tanstack/react-query'
import { projectsQuery } from '../api/queries.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { useProject } from '../app/project.ts'
import { Age } from '../ui/moment.tsx'
import { Snippet } from '../ui/copy.tsx'
import { modelsQuery } from './queries.ts'
import type { RegisteredModel } from './types.ts'
import { terminalCommand } from '../format/command.ts'

/** What do we have, and what serves? */
export function ModelsPage() {
  const project = useProject()
  const { data: projects = [] } = useQuery(projectsQuery)
  const names = project === undefined ? projects.map(({ name }) => name).slice(0, 50) : [project]
  const results = useQueries({ queries: names.map(modelsQuery) })
  const error = results.find((result) => result.error)?.error
  const isLoaded = results.length > 0 && results.every(({ data }) => data !== undefined)
  const models = results.flatMap(({ data }) => data ?? [])
  return (
    <>
      <div className="page-head">
        <h1>Models</h1>
        <span className="facts">{isLoaded && models.length > 0 ? `${models.length} registered` : ''}</span>
      </div>
      <div className="page-body">
        {error && <Refusal error={error} />}
        {isLoaded && models.length === 0 && <NoModels />}
        {models.length > 0 && <ModelTable models={models} withProject={project === undefined} />}
      </div>
    </>
  )
}

function NoModels() {
  return (
    <div className="empty" role="status">
      <h2>No models yet</h2>
      <p>
        Register one from a run: open <A href="/runs">a run</A>, then Artifacts, then Register model. Or in a terminal:
      </p>
      <Snippet text={terminalCommand('models register my-model latest/model')} />
    </div>
  )
}

function ModelTable({ models, withProject }: { models: readonly RegisteredModel[]; withProject: boolean }) {
  return (
    <div className="card scroll">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Model</th>
            {withProject && <th scope="col">Project</th>}
            <th scope="col">Production</th>
            <th scope="col">Aliases</th>
            <th scope="col" className="num">
              Newest
            </th>
            <th scope="col">By</th>
            <th scope="col" className="num">
              Updated
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => {
            const production = model.latestVersions.find(({ stage }) => stage === 'Production')
            const newest = Math.max(0, ...model.latestVersions.map(({ version }) => version))
            return (
              <tr key={`${model.project} ${model.name}`}>
                <td className="strong">
                  <A href={`/p/${encodeURIComponent(model.project)}/models/${encodeURIComponent(model.name)}`}>{model.name}</A>
                </td>
                {withProject && <td>{model.project}</td>}
                <td>{production ? `version ${production.version}` : <span className="muted">–</span>}</td>
                <td>
                  {Object.entries(model.aliases).map(([alias, version]) => (
                    <span key={alias} className="chip">
                      @{alias} {version}
                    </span>
                  ))}
                </td>
                <td className="num">{newest === 0 ? '–' : newest}</td>
                <td>{model.createdBy}</td>
                <td className="num">
                  <Age atMs={model.updatedAtMs} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
