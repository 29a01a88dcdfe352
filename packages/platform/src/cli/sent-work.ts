import type { SentPlaces } from '../remote/index.ts'
import type { Traces } from '../traces/index.ts'
import type { Session } from './session.ts'

/** What is sent of a session's runs beside their records: traces, and the files of traces and logged models. */
export async function openSentWork(session: Session): Promise<{ traces: Traces; places: SentPlaces }> {
  // Files, not the folder's index, which would load all of the server.
  const [{ createArtifactPlaces }, { createTraces }] = await Promise.all([
    import('../http/mlflow/artifact-places.ts'),
    import('../traces/index.ts'),
  ])
  const traces = createTraces(session.database)
  const { tracking, objectContext: objects, directory } = session
  return { traces, places: createArtifactPlaces({ tracking, traces, objects, folder: directory.artifacts }) }
}
