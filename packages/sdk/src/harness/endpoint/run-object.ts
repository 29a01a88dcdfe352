import type { JobSpec, JsonObject, JsonValue } from '@trainyard/contract'
import { isJsonObject } from '@trainyard/contract/json'
import { stateOfWord } from '@trainyard/contract/mlrun-states'

/** The run as MLRun's client sends it to a server of functions. Iterations go by the uid of their sweep. */
export function toRunObject({ run, handler, parameters, inputs, outPath, secrets, returns }: JobSpec): JsonObject {
  const uid = run.iteration > 0 ? (run.parentId ?? run.id) : run.id
  return {
    kind: 'run',
    metadata: { name: run.name, uid, iteration: run.iteration, project: run.project, labels: run.labels, annotations: {} },
    spec: {
      ...(handler === undefined ? {} : { handler }),
      parameters,
      inputs: Object.fromEntries(Object.entries(inputs).map(([key, { url }]) => [key, url])),
      output_path: outPath,
      log_level: 'info',
      ...(returns === undefined ? {} : { returns }),
      ...(Object.keys(secrets).length === 0 ? {} : { secret_sources: [{ kind: 'inline', source: secrets }] }),
    },
    status: { state: 'created' },
  }
}

export interface AnsweredArtifact {
  key: string
  kind: string
  target: string
  format: string | undefined
}

/** What a run object says came of the run. */
export interface AnsweredRun {
  /** Undefined when it went well. A state that has not ended yet counts as well: the answer itself is the end. */
  error: string | undefined
  results: JsonObject
  parameters: JsonObject
  inputs: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
  artifacts: readonly AnsweredArtifact[]
}

const objectAt = (from: JsonObject, key: string): JsonObject => {
  const value = from[key]
  return isJsonObject(value) ? value : {}
}

const textAt = (from: JsonObject, key: string): string | undefined => {
  const value = from[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const textsOf = (values: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))

/** Undefined for what is no run object: that has a status, or says whose it is. */
export function readRunObject(value: JsonValue): AnsweredRun | undefined {
  if (!isJsonObject(value) || !(isJsonObject(value['status']) || isJsonObject(value['metadata']))) return undefined
  const [metadata, spec, status] = [objectAt(value, 'metadata'), objectAt(value, 'spec'), objectAt(value, 'status')]
  const artifacts = status['artifacts']
  return {
    error: errorOf(status),
    results: objectAt(status, 'results'),
    parameters: objectAt(spec, 'parameters'),
    inputs: textsOf(objectAt(spec, 'inputs')),
    labels: textsOf(objectAt(metadata, 'labels')),
    artifacts: Array.isArray(artifacts) ? artifacts.flatMap(readArtifact) : [],
  }
}

function errorOf(status: JsonObject): string | undefined {
  const state = stateOfWord(status['state'])
  if (state !== 'failed' && state !== 'aborted' && state !== 'aborting') return undefined
  return textAt(status, 'error') ?? textAt(status, 'status_text') ?? `the run is ${state}, and nothing says why`
}

/** Both forms: what an artifact says of itself lies beside its key, or in `metadata` and `spec`. */
function readArtifact(value: JsonValue): AnsweredArtifact[] {
  if (!isJsonObject(value)) return []
  const flat: JsonObject = { ...value, ...objectAt(value, 'spec'), ...objectAt(value, 'metadata') }
  const [key, target] = [textAt(flat, 'key') ?? textAt(flat, 'db_key'), textAt(flat, 'target_path')]
  return key === undefined || target === undefined
    ? []
    : [{ key, target, kind: textAt(value, 'kind') ?? '', format: textAt(flat, 'format') }]
}
