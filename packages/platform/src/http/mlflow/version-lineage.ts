import { isAbsolute, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelVersion } from '../../registry/index.ts'
import { toModelMetrics, uriOf } from './logged-models.ts'
import type { LoggedModelLineage, VersionLineage } from './registry-context.ts'
import type { MlflowContext } from './route.ts'
import { artifactUriOf, toTags } from './run-view.ts'

/** What runs and logged models say about the versions made from them. */
export function createVersionLineage(context: MlflowContext): VersionLineage {
  const { tracking, places } = context
  return {
    loggedModel: async (id): Promise<LoggedModelLineage | undefined> => {
      const model = await tracking.loggedModels.find(id)
      if (!model) return undefined
      return {
        artifactUri: await uriOf(context, model),
        sourceRunId: model.sourceRunId,
        params: toTags(model.parameters),
        metrics: toModelMetrics(model),
      }
    },
    ownerOf: async (runId) => (await tracking.runs.find(runId))?.owner,
    localFoldersOf: async ({ runId, loggedModelId }) => {
      const run = runId === undefined ? undefined : await tracking.runs.find(runId)
      const model = loggedModelId === undefined ? undefined : await tracking.loggedModels.find(loggedModelId)
      const folders = [run?.outPath, model && (await places.ofModel(model))]
      return folders.filter((folder) => folder !== undefined && isAbsolute(folder)) as string[]
    },
    noteRegistration: (id, version) => tracking.loggedModels.noteRegistration(id, version),
    downloadUri: (version) => downloadUri(context, version),
  }
}

/** A folder of this machine is handed out as the address under which this server serves it; every other place as it is. */
async function downloadUri(context: MlflowContext, version: ModelVersion): Promise<string> {
  const path = localPath(version.location)
  if (path === undefined) return version.location
  for (const served of [await modelFolder(context, version), await runFolder(context, version)]) {
    const below = served === undefined ? '..' : relative(served.folder, path)
    if (served === undefined || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) continue
    return below === '' ? served.uri : `${served.uri}/${below.split(sep).join('/')}`
  }
  return version.location
}

interface ServedFolder {
  folder: string
  uri: string
}

async function runFolder({ tracking }: MlflowContext, { runId }: ModelVersion): Promise<ServedFolder | undefined> {
  const run = runId === null ? undefined : await tracking.runs.find(runId)
  const experiment = run && (await tracking.experiments.ofRuns([run.id])).get(run.id)
  return experiment && { folder: run.outPath, uri: artifactUriOf(run, { ...experiment, artifactLocation: null }) }
}

async function modelFolder(context: MlflowContext, { loggedModelId }: ModelVersion): Promise<ServedFolder | undefined> {
  const model = loggedModelId === null ? undefined : await context.tracking.loggedModels.find(loggedModelId)
  return model && { folder: await context.places.ofModel(model), uri: await uriOf(context, model) }
}

function localPath(location: string): string | undefined {
  if (isAbsolute(location)) return location
  return location.startsWith('file:///') ? fileURLToPath(location) : undefined
}
