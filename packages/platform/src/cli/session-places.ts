import type { DestinationPlaces } from '../migration/index.ts'
import type { SentPlaces } from '../remote/index.ts'
import type { Traces } from '../traces/index.ts'
import type { Session } from './session.ts'

/** The traces of a session's records, and where files of runs, logged models and traces lie: where its server looks for them. */
export async function openPlaces(session: Session): Promise<{ traces: Traces; places: DestinationPlaces & SentPlaces }> {
  // Files, not the folder's index, which would load all of the server.
  const [{ createArtifactPlaces }, { createTraces }] = await Promise.all([
    import('../http/mlflow/artifact-places.ts'),
    import('../traces/index.ts'),
  ])
  const traces = createTraces(session.database)
  const { tracking, objectContext: objects, directory } = session
  return { traces, places: createArtifactPlaces({ tracking, traces, objects, folder: directory.artifacts }) }
}
