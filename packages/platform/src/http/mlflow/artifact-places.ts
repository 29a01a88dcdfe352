import { basename } from 'node:path'
import { joinPlace, createPlaces, listAll, type ObjectContext, type ObjectStore, openObjectStore } from '../../objects/index.ts'
import type { TraceRecord, Traces } from '../../traces/index.ts'
import type { ExperimentRecord, LoggedModelRecord, Tracking } from '../../tracking/index.ts'
import { isPlainPath } from '../bytes/plain-path.ts'
import type { ServedPlaces } from '../served-places.ts'
import { invalid, missing } from './errors.ts'

export interface ListedFile {
  path: string
  is_dir: boolean
  file_size?: number
}

/** What a proxied address stands for: somebody's folder, and the path in it. */
export interface ProxiedPlace {
  owner: { kind: 'run' | 'model' | 'trace'; id: string }
  /** Address of the folder. */
  place: string
  /** Path below it; empty for the folder itself. */
  path: string
}

/** Where the bytes of runs, models and traces lie, and how they are reached. Nothing outside of the own folder of one is. */
export interface ArtifactPlaces {
  /** The folder of a new run. */
  ofRun(runId: string, experiment: Pick<ExperimentRecord, 'project' | 'artifactLocation'>): string
  ofModel(model: Pick<LoggedModelRecord, 'id' | 'project' | 'experimentId'>): Promise<string>
  ofTrace(trace: Pick<TraceRecord, 'id' | 'project' | 'experimentId'>): Promise<string>
  /** `<anything>/<run id>/artifacts/<path>`, `<anything>/models/<model id>/artifacts/<path>` or the same of a trace, decoded once. */
  resolve(proxied: string): Promise<ProxiedPlace>
  open(place: string): Promise<ObjectStore>
  /** Size and hash of a folder and all that is below. */
  describe(place: string): Promise<{ sizeBytes?: number; sha256?: string }>
  /** Files and folders right below `path`, in order, with their whole paths. Nothing for a file or a missing folder. */
  list(place: string, path: string): Promise<ListedFile[]>
  /** Removes a file, or all files below a folder. Idempotent. */
  remove(place: string, path: string): Promise<void>
  /** Removes all files of a trace that is gone. Idempotent. */
  removeTrace(experimentId: string, id: string): Promise<void>
}

export function createArtifactPlaces(options: {
  tracking: Tracking
  traces: Traces
  objects: ObjectContext
  /** Folder for everything without a place of its own. */
  folder: string
  /** Says which places may be opened; without it all of them, for programs that act for their own user. */
  served?: ServedPlaces
}): ArtifactPlaces {
  const { tracking, traces, objects, folder, served } = options
  const open = (place: string) => served?.folder(place) ?? openObjectStore(place, objects)
  const isOwn = (location: string | null): boolean => location === null || location.startsWith('mlflow-artifacts:')
  const belowExperiment = async (experimentId: string, project: string, path: string): Promise<string> => {
    const location = (await tracking.experiments.find(experimentId))?.artifactLocation ?? null
    if (location === null || isOwn(location)) return joinPlace(folder, safeName(project), path)
    return `${location.replace(/\/+$/, '')}/${path}/artifacts`
  }
  const ofModel: ArtifactPlaces['ofModel'] = ({ id, project, experimentId }) =>
    belowExperiment(experimentId, project, `models/${id}`)
  const ofTrace: ArtifactPlaces['ofTrace'] = ({ id, project, experimentId }) =>
    belowExperiment(experimentId, project, `traces/${id}`)
  const remove: ArtifactPlaces['remove'] = async (place, path) => {
    checkPath(path)
    const store = await open(place)
    if (path !== '') await store.delete(path)
    const prefix = path === '' ? '' : `${path.replace(/\/+$/, '')}/`
    for await (const { key } of listAll(store, { prefix })) await store.delete(key)
  }
  return {
    ofRun: (runId, { project, artifactLocation }) =>
      artifactLocation === null || isOwn(artifactLocation)
        ? joinPlace(folder, safeName(project), runId)
        : `${artifactLocation.replace(/\/+$/, '')}/${runId}/artifacts`,
    ofModel,
    ofTrace,
    async resolve(proxied) {
      const found =
        /^(?:[^]*?\/)?(?:models\/(m-[0-9a-f]{32})|traces\/([A-Za-z0-9][\w-]{0,127})|([0-9a-f]{32}))\/artifacts(?:\/([^]*))?$/.exec(
          proxied,
        )
      if (!found)
        throw missing(
          `There is no artifact '${proxied}': paths begin with <experiment>/<run id>/artifacts, <experiment>/models/<model id>/artifacts or <experiment>/traces/<trace id>/artifacts.`,
        )
      const [, modelId, traceId, runId, path = ''] = found
      checkPath(path)
      if (modelId !== undefined) {
        const model = await tracking.loggedModels.find(modelId)
        if (!model) throw missing(`Logged model with ID '${modelId}' not found.`)
        return { owner: { kind: 'model', id: modelId }, place: await ofModel(model), path }
      }
      if (traceId !== undefined) {
        const trace = await traces.find(traceId)
        if (!trace) throw missing(`Trace with ID '${traceId}' not found.`)
        return { owner: { kind: 'trace', id: traceId }, place: await ofTrace(trace), path }
      }
      const run = await tracking.runs.find(runId!)
      if (!run) throw missing(`Run with id=${runId} not found`)
      return { owner: { kind: 'run', id: run.id }, place: run.outPath, path }
    },
    open,
    describe: (place) => createPlaces(objects).describe(place),
    async list(place, path) {
      checkPath(path)
      const store = await open(place)
      const folderPath = path.replace(/\/+$/, '')
      const prefix = folderPath === '' ? '' : `${folderPath}/`
      const files: ListedFile[] = []
      let cursor: string | undefined
      do {
        const page = await store.list({ prefix, delimiter: '/', ...(cursor === undefined ? {} : { cursor }) })
        for (const { key, sizeBytes } of page.objects)
          files.push({ path: key, is_dir: false, ...(sizeBytes ? { file_size: sizeBytes } : {}) })
        for (const folderKey of page.prefixes) files.push({ path: folderKey.replace(/\/$/, ''), is_dir: true })
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return files.sort((left, right) => (left.path < right.path ? -1 : 1))
    },
    remove,
    async removeTrace(experimentId, id) {
      const experiment = await tracking.experiments.find(experimentId)
      if (experiment) await remove(await ofTrace({ id, experimentId, project: experiment.project }), '')
    },
  }
}

/** A path made of one folder level: what a project's name may become. As runs of the command line are placed. */
const safeName = (name: string): string =>
  name
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100) || '_'

/** Refuses whatever could leave the folder, however it is spelled. Names with percent signs are fine as they are. */
export function checkPath(path: string): string {
  if (!isPlainPath(path)) throw invalid(`Invalid path: ${JSON.stringify(path.slice(0, 200))}`)
  return path
}

export const fileNameOf = (path: string): string => basename(path) || 'artifact'
