import { useQuery } from '@tanstack/react-query'
import { addressOf, get } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { terminalCommand } from '../format/command.ts'
import { Snippet } from '../ui/copy.tsx'
import type { ModelVersion } from './types.ts'

interface File {
  path: string
  isFolder: boolean
}

/** What to type to have a version elsewhere: loaded, where MLflow can, else its bytes. */
export function LoadIt({ version }: { version: ModelVersion }) {
  const { name, artifactId } = version
  const { data: files, isLoading } = useQuery({
    queryKey: ['files', artifactId],
    queryFn: async ({ signal }) => (await get<{ files: File[] }>(`/artifacts/${artifactId}/files`, {}, signal)).files,
    enabled: artifactId !== null,
    // Of a model that is one file nothing is listed.
    retry: false,
  })
  const { data: artifact } = useQuery({
    queryKey: ['artifact', artifactId],
    queryFn: ({ signal }) => get<ArtifactRecord>(`/artifacts/${artifactId}`, {}, signal),
    enabled: artifactId !== null,
    retry: false,
  })
  if (isLoading) return null
  // What has no artifact here came by MLflow's own registry, which knows nothing else.
  const isMlflow = artifactId === null || files?.some(({ path }) => path === 'MLmodel')
  const first = files?.find(({ path, isFolder }) => !isFolder && path !== 'MLmodel')?.path
  return (
    <section className="card">
      <header>
        <h2>Load it</h2>
      </header>
      <div className="body stack">
        {isMlflow && (
          <Snippet
            label="MLflow"
            text={`export MLFLOW_TRACKING_URI=${location.origin}\npython -c "import mlflow; mlflow.pyfunc.load_model('models:/${name}/${version.version}')"`}
          />
        )}
        {artifact && (
          <>
            <Snippet label="Terminal" text={terminalCommand(`artifacts get ${referenceOf(artifact)} ./${name}`)} />
            <Snippet
              label="TypeScript"
              text={`import { connect } from '@trainyard/sdk/client'\nconst model = await connect('${location.origin}').artifact('${referenceOf(artifact)}')\nconst bytes = await model.bytes(${first === undefined ? '' : `'${first}'`})`}
            />
            <Snippet
              label="curl"
              text={`curl -fo '${(first ?? name).split('/').at(-1)}' '${location.origin}${addressOf(`/artifacts/${artifact.id}/bytes`, { path: first })}'`}
            />
          </>
        )}
      </div>
    </section>
  )
}

/** As commands and clients name an artifact. */
const referenceOf = ({ runId, project, key }: ArtifactRecord): string =>
  runId === null ? `store://${project}/${key}` : `${runId.slice(0, 12)}/${key}`
