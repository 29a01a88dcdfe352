import { type MlflowStatus, mlflowStatusNumbers, type RunState, stateOfMlflowStatus } from '@trainyard/contract'
import { type VersionStatus } from '../../registry/index.ts'
import type { DatasetInput, LoggedModelStatus, ModelLink } from '../../tracking/index.ts'
import type { SourceExperiment, SourceLoggedModel, SourceModel, SourceRun, SourceVersion } from '../source.ts'
import type { JsonMessage } from './rest-client.ts'
import { fieldsOf, filledText, listOf, numberOf, optionalNumber, optionalText, pairsOf, textOf } from './wire-fields.ts'

/** A status by its name or its number; what is neither runs. */
export function stateOf(status: string | null): RunState {
  const byNumber = Object.entries(mlflowStatusNumbers).find(([, number]) => String(number) === status)?.[0]
  const name = byNumber ?? status ?? ''
  return Object.hasOwn(stateOfMlflowStatus, name) ? stateOfMlflowStatus[name as MlflowStatus] : 'running'
}

export const versionStatusOf = (status: string | null): VersionStatus => {
  if (status === 'PENDING_REGISTRATION' || status === '1') return 'pending'
  return status === 'FAILED_REGISTRATION' || status === '2' ? 'failed' : 'ready'
}

export const loggedModelStatusOf = (status: string | null): LoggedModelStatus => {
  if (status === 'LOGGED_MODEL_PENDING' || status === '1') return 'pending'
  return status === 'LOGGED_MODEL_UPLOAD_FAILED' || status === '3' ? 'failed' : 'ready'
}

export function toExperiment(message: JsonMessage): SourceExperiment {
  const createdAtMs = numberOf(message, 'creation_time')
  return {
    id: textOf(message, 'experiment_id'),
    name: textOf(message, 'name'),
    createdAtMs,
    updatedAtMs: optionalNumber(message, 'last_update_time') ?? createdAtMs,
    isDeleted: textOf(message, 'lifecycle_stage') === 'deleted',
    tags: pairsOf(listOf(message, 'tags')),
  }
}

export function toRun(message: JsonMessage): SourceRun {
  const [info, data, inputs, outputs] = ['info', 'data', 'inputs', 'outputs'].map((key) => fieldsOf(message, key)) as [
    JsonMessage,
    JsonMessage,
    JsonMessage,
    JsonMessage,
  ]
  const tags = pairsOf(listOf(data, 'tags'))
  const startedAtMs = numberOf(info, 'start_time')
  const endedAtMs = optionalNumber(info, 'end_time')
  return {
    id: textOf(info, 'run_id') || textOf(info, 'run_uuid'),
    experimentId: textOf(info, 'experiment_id'),
    name: textOf(info, 'run_name') || (tags['mlflow.runName'] ?? ''),
    state: stateOf(optionalText(info, 'status')),
    startedAtMs,
    endedAtMs,
    deletedAtMs: textOf(info, 'lifecycle_stage') === 'deleted' ? (endedAtMs ?? startedAtMs) : null,
    owner: textOf(info, 'user_id') || (tags['mlflow.user'] ?? ''),
    artifactUri: textOf(info, 'artifact_uri'),
    parameters: pairsOf(listOf(data, 'params')),
    tags,
    latest: listOf(data, 'metrics').map((metric) => ({
      key: textOf(metric, 'key'),
      step: numberOf(metric, 'step'),
      timeMs: numberOf(metric, 'timestamp'),
      value: optionalNumber(metric, 'value') ?? Number.NaN,
    })),
    datasets: listOf(inputs, 'dataset_inputs').map(toDataset),
    models: [...linksOf(listOf(inputs, 'model_inputs'), 'input'), ...linksOf(listOf(outputs, 'model_outputs'), 'output')],
  }
}

const linksOf = (messages: readonly JsonMessage[], direction: ModelLink['direction']): ModelLink[] =>
  messages.map((message) => ({ modelId: textOf(message, 'model_id'), direction, step: numberOf(message, 'step') }))

function toDataset(message: JsonMessage): DatasetInput {
  const dataset = fieldsOf(message, 'dataset')
  return {
    name: textOf(dataset, 'name'),
    digest: textOf(dataset, 'digest'),
    sourceType: textOf(dataset, 'source_type'),
    source: textOf(dataset, 'source'),
    schema: optionalText(dataset, 'schema'),
    profile: optionalText(dataset, 'profile'),
    tags: pairsOf(listOf(message, 'tags')),
  }
}

export function toLoggedModel(message: JsonMessage): SourceLoggedModel {
  const [info, data] = [fieldsOf(message, 'info'), fieldsOf(message, 'data')]
  const id = textOf(info, 'model_id')
  const createdAtMs = numberOf(info, 'creation_timestamp_ms')
  return {
    id,
    experimentId: textOf(info, 'experiment_id'),
    name: textOf(info, 'name'),
    type: filledText(info, 'model_type'),
    sourceRunId: filledText(info, 'source_run_id'),
    status: loggedModelStatusOf(optionalText(info, 'status')),
    createdAtMs,
    updatedAtMs: optionalNumber(info, 'last_updated_timestamp_ms') ?? createdAtMs,
    isDeleted: false,
    artifactUri: textOf(info, 'artifact_uri'),
    parameters: pairsOf(listOf(data, 'params')),
    tags: pairsOf(listOf(info, 'tags')),
    metrics: listOf(data, 'metrics').map((metric) => ({
      modelId: id,
      runId: textOf(metric, 'run_id'),
      key: textOf(metric, 'key'),
      step: numberOf(metric, 'step'),
      timeMs: numberOf(metric, 'timestamp'),
      value: optionalNumber(metric, 'value') ?? Number.NaN,
      datasetName: textOf(metric, 'dataset_name'),
      datasetDigest: textOf(metric, 'dataset_digest'),
    })),
  }
}

export function toModel(message: JsonMessage, versions: readonly SourceVersion[]): SourceModel {
  const createdAtMs = numberOf(message, 'creation_timestamp')
  return {
    name: textOf(message, 'name'),
    description: filledText(message, 'description'),
    createdAtMs,
    updatedAtMs: optionalNumber(message, 'last_updated_timestamp') ?? createdAtMs,
    tags: pairsOf(listOf(message, 'tags')),
    aliases: Object.fromEntries(listOf(message, 'aliases').map((each) => [textOf(each, 'alias'), numberOf(each, 'version')])),
    versions,
  }
}

/** `models:/m-…` names a logged model, where nothing else does. */
export const loggedModelOf = (source: string): string | null => /^models:\/*(m-[0-9a-f]{32})$/.exec(source)?.[1] ?? null

export function toVersion(message: JsonMessage): SourceVersion {
  const createdAtMs = numberOf(message, 'creation_timestamp')
  const source = textOf(message, 'source')
  return {
    name: textOf(message, 'name'),
    version: numberOf(message, 'version'),
    source,
    storageLocation: null,
    runId: filledText(message, 'run_id'),
    runLink: filledText(message, 'run_link'),
    loggedModelId: filledText(message, 'model_id') ?? loggedModelOf(source),
    description: filledText(message, 'description'),
    stage: textOf(message, 'current_stage') || 'None',
    status: versionStatusOf(optionalText(message, 'status')),
    statusMessage: filledText(message, 'status_message'),
    createdAtMs,
    updatedAtMs: optionalNumber(message, 'last_updated_timestamp') ?? createdAtMs,
    owner: textOf(message, 'user_id'),
    tags: pairsOf(listOf(message, 'tags')),
  }
}
