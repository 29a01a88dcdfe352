import type { DestinationPlaces } from '../../migration/index.ts'
import type { Session } from '../session.ts'

/** Where files of runs and logged models lie: where the server looks for them. Its folder is loaded only here. */
export async function placesOf({ tracking, database, objectContext, directory }: Session): Promise<DestinationPlaces> {
  const { createArtifactPlaces } = await import('../../http/mlflow/index.ts')
  const { createTraces } = await import('../../traces/index.ts')
  return createArtifactPlaces({
    tracking,
    traces: createTraces(database),
    objects: objectContext,
    folder: directory.artifacts,
  })
}
