import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { DatasetInput, ModelLink, ModelPoint } from '../../tracking/index.ts'
import type { SourceExperiment, SourceLoggedModel, SourcePoint, SourceRun } from '../source.ts'
import { foldersIn, leaves, readYaml, textsIn } from './folder-files.ts'
import type { JsonMessage } from './rest-client.ts'
import { loggedModelStatusOf, stateOf } from './rest-messages.ts'
import { fieldsOf, filledText, numberOf, optionalNumber, optionalText, textOf, toNumber } from './wire-fields.ts'

/** The `meta.yaml` of a folder. `invalid_argument` names the file when it is none. */
export const readMeta = (folder: string): Promise<JsonMessage> => readYaml(join(folder, 'meta.yaml'))

export async function toFolderExperiment(folder: string, isTrashed: boolean): Promise<SourceExperiment> {
  const meta = await readMeta(folder)
  const createdAtMs = numberOf(meta, 'creation_time')
  return {
    id: textOf(meta, 'experiment_id'),
    name: textOf(meta, 'name'),
    createdAtMs,
    updatedAtMs: optionalNumber(meta, 'last_update_time') ?? createdAtMs,
    isDeleted: isTrashed || textOf(meta, 'lifecycle_stage') === 'deleted',
    tags: await textsIn(join(folder, 'tags')),
  }
}

/** Without its latest points. */
export async function toFolderRun(folder: string, experiment: string): Promise<Omit<SourceRun, 'latest'>> {
  const meta = await readMeta(folder)
  const tags = await textsIn(join(folder, 'tags'))
  const startedAtMs = numberOf(meta, 'start_time')
  const endedAtMs = optionalNumber(meta, 'end_time')
  const deletedAtMs = optionalNumber(meta, 'deleted_time') ?? endedAtMs ?? startedAtMs
  return {
    id: textOf(meta, 'run_id') || textOf(meta, 'run_uuid'),
    experimentId: textOf(meta, 'experiment_id'),
    name: textOf(meta, 'run_name') || (tags['mlflow.runName'] ?? '') || textOf(meta, 'name'),
    state: stateOf(optionalText(meta, 'status')),
    startedAtMs,
    endedAtMs,
    deletedAtMs: textOf(meta, 'lifecycle_stage') === 'deleted' ? deletedAtMs : null,
    owner: textOf(meta, 'user_id') || (tags['mlflow.user'] ?? ''),
    artifactUri: textOf(meta, 'artifact_uri'),
    parameters: await textsIn(join(folder, 'params')),
    tags,
    datasets: await readDatasets(folder, join(experiment, 'datasets')),
    models: await readLinks(folder),
  }
}

async function readDatasets(run: string, datasets: string): Promise<DatasetInput[]> {
  const found: DatasetInput[] = []
  for (const { name } of await foldersIn(join(run, 'inputs'))) {
    const input = await readMeta(join(run, 'inputs', name))
    if (textOf(input, 'source_type') !== 'DATASET') continue
    const meta = await readMeta(join(datasets, textOf(input, 'source_id')))
    found.push({
      name: textOf(meta, 'name'),
      digest: textOf(meta, 'digest'),
      sourceType: textOf(meta, 'source_type'),
      source: textOf(meta, 'source'),
      schema: optionalText(meta, 'schema'),
      profile: optionalText(meta, 'profile'),
      tags: Object.fromEntries(Object.entries(fieldsOf(input, 'tags')).map(([key, value]) => [key, String(value)])),
    })
  }
  return found
}

async function readLinks(run: string): Promise<ModelLink[]> {
  const links: ModelLink[] = []
  for (const [folder, direction] of [
    ['inputs', 'input'],
    ['outputs', 'output'],
  ] as const) {
    for (const { name } of await foldersIn(join(run, folder))) {
      const meta = await readMeta(join(run, folder, name))
      const modelId = textOf(meta, direction === 'input' ? 'source_id' : 'destination_id')
      if (modelId.startsWith('m-')) links.push({ modelId, direction, step: numberOf(meta, 'step') })
    }
  }
  return links
}

/** Lines of `time value step`; the step is missing in old files. In order of step and time. */
export async function readPoints(path: string, key: string): Promise<SourcePoint[]> {
  const points: SourcePoint[] = []
  for (const [index, line] of (await readFile(path, 'utf8')).split('\n').entries()) {
    if (line.trim() === '') continue
    const [time = '', value = '', step = '0'] = line.trim().split(/\s+/)
    const point = { key, step: Number(step), timeMs: Number(time), value: toNumber(value) }
    if (!Number.isSafeInteger(point.step) || !Number.isFinite(point.timeMs) || (Number.isNaN(point.value) && !/nan/i.test(value)))
      throw new AppError('invalid_argument', `${path}:${index + 1} is no line 'time value step': ${line.slice(0, 80)}`)
    points.push(point)
  }
  return points.sort((left, right) => left.step - right.step || left.timeMs - right.timeMs)
}

/** Of the highest step the one of the highest time, then value. */
export const lastPoint = (points: readonly SourcePoint[]): SourcePoint | undefined =>
  points.reduce<SourcePoint | undefined>((last, point) => {
    if (!last) return point
    const order = point.step - last.step || point.timeMs - last.timeMs || point.value - last.value
    return order >= 0 ? point : last
  }, undefined)

export async function toFolderLoggedModel(folder: string): Promise<SourceLoggedModel> {
  const meta = await readMeta(folder)
  const id = textOf(meta, 'model_id')
  const createdAtMs = numberOf(meta, 'creation_timestamp')
  return {
    id,
    experimentId: textOf(meta, 'experiment_id'),
    name: textOf(meta, 'name'),
    type: filledText(meta, 'model_type'),
    sourceRunId: filledText(meta, 'source_run_id'),
    status: loggedModelStatusOf(optionalText(meta, 'status')),
    createdAtMs,
    updatedAtMs: optionalNumber(meta, 'last_updated_timestamp') ?? createdAtMs,
    isDeleted: textOf(meta, 'lifecycle_stage') === 'deleted',
    artifactUri: textOf(meta, 'artifact_location'),
    parameters: await textsIn(join(folder, 'params')),
    tags: await textsIn(join(folder, 'tags')),
    metrics: await readModelPoints(folder, id),
  }
}

/** Lines of `time value step run`, or with the data set's name and digest behind. */
async function readModelPoints(folder: string, modelId: string): Promise<(ModelPoint & { runId: string })[]> {
  const found: (ModelPoint & { runId: string })[] = []
  for await (const key of leaves(join(folder, 'metrics'))) {
    for (const line of (await readFile(join(folder, 'metrics', key), 'utf8')).split('\n')) {
      const [time, value, step, runId, datasetName = '', datasetDigest = ''] = line.trim().split(/\s+/)
      if (time === undefined || value === undefined || runId === undefined) continue
      found.push({
        modelId,
        key,
        runId,
        step: Number(step),
        timeMs: Number(time),
        value: toNumber(value),
        datasetName,
        datasetDigest,
      })
    }
  }
  return found
}
