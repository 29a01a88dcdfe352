import { useQuery } from '@tanstack/react-query'
import { artifactKinds } from '@trainyard/contract'
import { get } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { useProject } from '../app/project.ts'
import { formatBytes } from '../format/number.ts'
import { Snippet } from '../ui/copy.tsx'
import { Age } from '../ui/moment.tsx'
import { useKnownRuns } from '../work/known-runs.ts'

const pageSize = 200

/** What was made: the current version of each key, newest first. */
export function ArtifactsPage() {
  const project = useProject()
  const [search, change] = useSearch()
  const kind = search.get('kind') ?? ''
  const { data, error } = useQuery({
    queryKey: ['artifact catalogue', project, kind],
    queryFn: ({ signal }) =>
      get<{ artifacts: ArtifactRecord[]; next: string | null }>('/artifacts', { project, kind, limit: pageSize }, signal),
    retry: false,
  })
  const runs = useKnownRuns((data?.artifacts ?? []).flatMap(({ runId }) => runId ?? []))
  return (
    <>
      <div className="page-head">
        <h1>Artifacts</h1>
        <span className="facts">{data ? `${data.artifacts.length}${data.next === null ? '' : ' newest'}` : ''}</span>
        <div className="actions">
          <select className="button" aria-label="Kind" value={kind} onChange={(event) => change({ kind: event.target.value })}>
            <option value="">All kinds</option>
            {artifactKinds.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
      </div>
      <div className="page-body">
        {error && <Refusal error={error} />}
        {data?.artifacts.length === 0 && (
          <div className="empty" role="status">
            <h2>{kind === '' ? 'No artifacts yet' : `No artifacts of the kind ${kind} yet`}</h2>
            <p>
              Runs keep files, tables, plots and models: with these lines in a script, or with log_artifact of MLflow and MLRun.
            </p>
            <Snippet
              text={`import trainyard\ncontext = trainyard.get_or_create_ctx("train")\ncontext.log_artifact("report", body="<h1>Hello</h1>", format="html")`}
            />
          </div>
        )}
        {data && data.artifacts.length > 0 && (
          <div className="card scroll">
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">Key</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Tags</th>
                  <th scope="col" className="num">
                    Size
                  </th>
                  <th scope="col">Project</th>
                  <th scope="col">Made by</th>
                  <th scope="col" className="num">
                    Updated
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.artifacts.map((artifact) => (
                  <tr key={artifact.id}>
                    <td className="strong">
                      {artifact.runId === null ? (
                        artifact.key
                      ) : (
                        <A href={`/runs/${artifact.runId}/artifacts?key=${encodeURIComponent(artifact.key)}`}>{artifact.key}</A>
                      )}
                    </td>
                    <td>{artifact.kind}</td>
                    <td>
                      {artifact.tags.map((tag) => (
                        <span key={tag} className="chip">
                          {tag}
                        </span>
                      ))}
                    </td>
                    <td className="num">{artifact.sizeBytes === null ? '–' : formatBytes(artifact.sizeBytes)}</td>
                    <td>{artifact.project}</td>
                    <td>
                      {artifact.runId === null ? (
                        '–'
                      ) : (
                        <A href={`/runs/${artifact.runId}`}>{runs.get(artifact.runId)?.name ?? artifact.runId.slice(0, 8)}</A>
                      )}
                    </td>
                    <td className="num">
                      <Age atMs={artifact.createdAtMs} />
                    </td>
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
