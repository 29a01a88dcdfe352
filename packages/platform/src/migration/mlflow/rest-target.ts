import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError, type JsonValue, type MetricPoint, mlflowStatusOfState, type RunState, toParamText } from '@trainyard/contract'
import { type ObjectContext, openObjectStore, partialPrefix } from '../../objects/index.ts'
import type { DatasetInput, LoggedModelRecord, ModelLink, ModelPoint } from '../../tracking/index.ts'
import type { ModelVersion, RegisteredModel } from '../../registry/index.ts'
import { createRestClient, type JsonMessage, type RestClient } from './rest-client.ts'
import { fieldsOf, listOf, numberOf, textOf } from './wire-fields.ts'

const api = '/api/2.0/mlflow'
/** What a server takes in one batch. */
const pointsPerBatch = 1000
const entriesPerBatch = 100

/** The tag that says which run of ours one there is: a run that was made but not noted is found by it. */
const ownIdTag = 'trainyard.runId'
const ownModelTag = 'trainyard.modelId'

export interface RemoteRun {
  id: string
  artifactUri: string
}

/** An MLflow server that records are written to, message by message. Nothing is remembered here. */
export interface RestTarget {
  readonly name: string
  /** The experiment of that name, made when missing. `invalid_argument` when it is in the trash there. */
  experiment(name: string, tags: Record<string, string>): Promise<string>
  /** The run that was made for one of ours before, in an experiment there. */
  findRun(experimentId: string, ownId: string): Promise<RemoteRun | undefined>
  hasRun(id: string): Promise<boolean>
  createRun(
    experimentId: string,
    run: { ownId: string; name: string; owner: string; startedAtMs: number; tags: Record<string, string> },
  ): Promise<RemoteRun>
  logParameters(runId: string, parameters: Record<string, JsonValue>): Promise<void>
  setTags(runId: string, tags: Record<string, string>): Promise<void>
  logPoints(runId: string, key: string, points: readonly MetricPoint[]): Promise<void>
  logInputs(runId: string, datasets: readonly DatasetInput[]): Promise<void>
  endRun(runId: string, end: { state: RunState; endedAtMs: number | null; name: string }): Promise<void>
  /** Streams files to where a run or a model there keeps them. */
  store(artifactUri: string): Promise<RemoteFiles>
  /** The one that was made for this one of ours before, or a new one. */
  createLoggedModel(experimentId: string, model: LoggedModelRecord, sourceRunId: string | null): Promise<RemoteRun>
  /** What runs measured about it. Repeats change nothing. */
  logModelPoints(modelId: string, points: readonly (ModelPoint & { runId: string })[]): Promise<void>
  finishLoggedModel(id: string, status: LoggedModelRecord['status']): Promise<void>
  linkModels(runId: string, links: readonly ModelLink[]): Promise<void>
  models: RemoteModels
}

export interface RemoteFiles {
  put(path: string, body: AsyncIterable<Uint8Array>): Promise<void>
}

export interface RemoteModels {
  /** Version numbers there, undefined when there is no such model. */
  versions(name: string): Promise<number[] | undefined>
  create(model: RegisteredModel): Promise<void>
  update(model: RegisteredModel): Promise<void>
  /** Returns its number. */
  createVersion(version: ModelVersion, source: { uri: string; runId: string | null; modelId: string | null }): Promise<number>
  updateVersion(version: ModelVersion): Promise<void>
  deleteVersion(name: string, version: number): Promise<void>
  setAlias(name: string, alias: string, version: number): Promise<void>
}

export async function openRestTarget(
  address: string,
  options: { objects: ObjectContext; workspace: string | undefined },
): Promise<RestTarget> {
  if (!/^https?:\/\//i.test(address))
    throw new AppError('invalid_argument', `${address} is no server: name one by its address, as in http://mlflow.example:5000.`)
  const { objects, workspace } = options
  const client = createRestClient(address, {
    environment: objects.environment,
    ...(workspace === undefined ? {} : { workspace }),
  })
  await client.send('POST', `${api}/experiments/search`, { max_results: 1 })
  const post = (path: string, body: object): Promise<JsonMessage> => client.send('POST', `${api}/${path}`, body)
  return {
    name: client.name,
    experiment: (name, tags) => ensureExperiment(client, name, tags),
    findRun: async (experimentId, ownId) => {
      const filter = `tags.\`${ownIdTag}\` = '${ownId}'`
      const found = await post('runs/search', { experiment_ids: [experimentId], filter, run_view_type: 'ALL', max_results: 1 })
      const [run] = listOf(found, 'runs')
      return run && remoteRun(run)
    },
    hasRun: async (id) => {
      try {
        await client.get(`${api}/runs/get`, { run_id: id })
        return true
      } catch (error) {
        if (error instanceof AppError && error.code === 'not_found') return false
        throw error
      }
    },
    createRun: async (experimentId, { ownId, name, owner, startedAtMs, tags }) => {
      const all = pairs({ 'mlflow.user': owner, ...tags, [ownIdTag]: ownId })
      const created = await post('runs/create', {
        experiment_id: experimentId,
        user_id: owner,
        run_name: name,
        start_time: startedAtMs,
        tags: all.slice(0, entriesPerBatch),
      })
      const run = remoteRun(fieldsOf(created, 'run'))
      for (const part of parts(all.slice(entriesPerBatch), entriesPerBatch))
        await post('runs/log-batch', { run_id: run.id, tags: part })
      return run
    },
    logParameters: async (runId, parameters) => {
      const params = Object.entries(parameters).map(([key, value]) => ({ key, value: toParamText(value) }))
      for (const part of parts(params, entriesPerBatch)) await post('runs/log-batch', { run_id: runId, params: part })
    },
    setTags: async (runId, tags) => {
      for (const part of parts(pairs(tags), entriesPerBatch)) await post('runs/log-batch', { run_id: runId, tags: part })
    },
    logPoints: async (runId, key, points) => {
      const metrics = points.map(({ step, timeMs, value }) => ({ key, step, timestamp: timeMs, value: wireNumber(value) }))
      for (const part of parts(metrics, pointsPerBatch)) await post('runs/log-batch', { run_id: runId, metrics: part })
    },
    logInputs: async (runId, datasets) => {
      await post('runs/log-inputs', { run_id: runId, datasets: datasets.map(datasetMessage) })
    },
    endRun: async (runId, { state, endedAtMs, name }) => {
      const end = endedAtMs === null ? {} : { end_time: endedAtMs }
      await post('runs/update', { run_id: runId, status: mlflowStatusOfState[state], run_name: name, ...end })
    },
    store: (artifactUri) => openRemoteFiles(client, artifactUri, objects),
    createLoggedModel: async (experimentId, model, sourceRunId) => {
      const filter = `tags.\`${ownModelTag}\` = '${model.id}'`
      const known = await post('logged-models/search', { experiment_ids: [experimentId], filter, max_results: 1 })
      const [interrupted] = listOf(known, 'models')
      if (interrupted) return remoteModel(interrupted)
      const created = await post('logged-models', {
        experiment_id: experimentId,
        name: model.name,
        model_type: model.type ?? undefined,
        source_run_id: sourceRunId ?? undefined,
        params: pairs(model.parameters),
        tags: pairs({ ...model.tags, [ownModelTag]: model.id }),
      })
      return remoteModel(fieldsOf(created, 'model'))
    },
    logModelPoints: async (modelId, points) => {
      for (const { runId, key, value, step, timeMs, datasetName, datasetDigest } of points)
        await post('runs/log-metric', {
          run_id: runId,
          key,
          value: wireNumber(value),
          step,
          timestamp: timeMs,
          model_id: modelId,
          dataset_name: datasetName || undefined,
          dataset_digest: datasetDigest || undefined,
        })
    },
    finishLoggedModel: async (id, status) => {
      const wire = status === 'ready' ? 'LOGGED_MODEL_READY' : 'LOGGED_MODEL_UPLOAD_FAILED'
      if (status !== 'pending') await client.send('PATCH', `${api}/logged-models/${id}`, { model_id: id, status: wire })
    },
    linkModels: async (runId, links) => {
      const of = (direction: ModelLink['direction']) => links.filter((link) => link.direction === direction)
      const [inputs, outputs] = [of('input'), of('output')]
      if (inputs.length > 0)
        await post('runs/log-inputs', { run_id: runId, models: inputs.map(({ modelId }) => ({ model_id: modelId })) })
      if (outputs.length > 0)
        await post('runs/outputs', { run_id: runId, models: outputs.map(({ modelId, step }) => ({ model_id: modelId, step })) })
    },
    models: remoteModels(client),
  }
}

async function ensureExperiment(client: RestClient, name: string, tags: Record<string, string>): Promise<string> {
  let id: string
  try {
    const { experiment } = await client.get(`${api}/experiments/get-by-name`, { experiment_name: name })
    const found = fieldsOf({ experiment }, 'experiment')
    id = textOf(found, 'experiment_id')
    if (textOf(found, 'lifecycle_stage') === 'deleted')
      throw new AppError('invalid_argument', `The experiment '${name}' is deleted there; restore it, or rename one of the two.`)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error
    return textOf(await client.send('POST', `${api}/experiments/create`, { name, tags: pairs(tags) }), 'experiment_id')
  }
  for (const { key, value } of pairs(tags))
    await client.send('POST', `${api}/experiments/set-experiment-tag`, { experiment_id: id, key, value })
  return id
}

/** Through the server's proxy where it has one, else straight to the place, as MLflow's own client does it. */
async function openRemoteFiles(client: RestClient, artifactUri: string, objects: ObjectContext): Promise<RemoteFiles> {
  const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(artifactUri)?.[1]
  if (proxied === undefined) {
    await removeLeftovers(artifactUri)
    const store = await openObjectStore(artifactUri, objects)
    return { put: async (path, body) => void (await store.put(path, body)) }
  }
  const root = `/api/2.0/mlflow-artifacts/artifacts/${proxied.replace(/\/+$/, '')}`
  return { put: (path, body) => client.upload(`${root}/${path.split('/').map(encodeURIComponent).join('/')}`, body) }
}

/** What an export that was killed has half written in a folder of this machine: the server there would show it. */
async function removeLeftovers(artifactUri: string): Promise<void> {
  const path = artifactUri.startsWith('file:') ? fileURLToPath(artifactUri) : artifactUri
  if (!isAbsolute(path) || !existsSync(path)) return
  for (const name of await readdir(path, { recursive: true }))
    if (basename(name).startsWith(partialPrefix)) await rm(join(path, name), { force: true })
}

function remoteModels(client: RestClient): RemoteModels {
  const post = (path: string, body: object): Promise<JsonMessage> => client.send('POST', `${api}/${path}`, body)
  return {
    versions: async (name) => {
      try {
        await client.get(`${api}/registered-models/get`, { name })
      } catch (error) {
        if (error instanceof AppError && error.code === 'not_found') return undefined
        throw error
      }
      const quoted = name.includes("'") ? `"${name}"` : `'${name}'`
      const found = await client.get(`${api}/model-versions/search`, { filter: `name=${quoted}`, max_results: 10_000 })
      return listOf(found, 'model_versions').map((version) => numberOf(version, 'version'))
    },
    create: async ({ name, description, tags }) =>
      void (await post('registered-models/create', { name, description: description ?? undefined, tags: pairs(tags) })),
    update: async ({ name, description, tags }) => {
      if (description !== null) await client.send('PATCH', `${api}/registered-models/update`, { name, description })
      for (const tag of pairs(tags)) await post('registered-models/set-tag', { name, ...tag })
    },
    createVersion: async (version, { uri, runId, modelId }) => {
      const created = await post('model-versions/create', {
        name: version.name,
        source: uri,
        run_id: runId ?? undefined,
        model_id: modelId ?? undefined,
        run_link: version.runLink ?? undefined,
        description: version.description ?? undefined,
        tags: pairs(version.tags),
      })
      return numberOf(fieldsOf(created, 'model_version'), 'version')
    },
    updateVersion: async ({ name, version: number, stage, description, tags }) => {
      const version = String(number)
      if (description !== null) await client.send('PATCH', `${api}/model-versions/update`, { name, version, description })
      for (const tag of pairs(tags)) await post('model-versions/set-tag', { name, version, ...tag })
      await post('model-versions/transition-stage', { name, version, stage, archive_existing_versions: false })
    },
    deleteVersion: async (name, version) =>
      void (await client.send('DELETE', `${api}/model-versions/delete`, { name, version: String(version) })),
    setAlias: async (name, alias, version) =>
      void (await post('registered-models/alias', { name, alias, version: String(version) })),
  }
}

function remoteRun(message: JsonMessage): RemoteRun {
  const info = fieldsOf(message, 'info')
  return { id: textOf(info, 'run_id'), artifactUri: textOf(info, 'artifact_uri') }
}

function remoteModel(message: JsonMessage): RemoteRun {
  const info = fieldsOf(message, 'info')
  return { id: textOf(info, 'model_id'), artifactUri: textOf(info, 'artifact_uri') }
}

const pairs = (texts: Record<string, string>): { key: string; value: string }[] =>
  Object.entries(texts).map(([key, value]) => ({ key, value }))

function* parts<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

/** NaN and infinities have no number in JSON. */
const wireNumber = (value: number): number | string => {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

const datasetMessage = ({ tags, name, digest, sourceType, source, schema, profile }: DatasetInput): object => ({
  tags: pairs(tags),
  dataset: { name, digest, source_type: sourceType, source, schema: schema ?? undefined, profile: profile ?? undefined },
})
