import {
  isJsonObject,
  type JournalInput,
  type JsonObject,
  type JsonValue,
  type RunState,
  type SweepSummary,
} from '@trainyard/contract'
import { isEnded, stateOfWord } from '@trainyard/contract'
import { writePythonJson } from '@trainyard/contract/python-json'
import type { DocumentedChange, DocumentedRunName, KnownRun } from '../../tracking/index.ts'
import { artifactUri } from './artifact-uri.ts'
import { invalid } from './errors.ts'
import { labelsOf, objectAt, parseJson, textOf } from './json.ts'
import { functionName } from './names.ts'
import { readTime, toTime } from './times.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What one of its documents makes of a run, and what has to be known for that. */
export interface Incoming {
  name: DocumentedRunName
  /** As the client spells it. */
  uid: string
  nowMs: number
  /** The folder of the run, of the sweep for an iteration. */
  place: string
  /** The record of the iteration that the document calls the best. */
  bestRunId: string | undefined
}

/** The whole of a run, sent once more: what the server keeps about it stays. */
export function storeDocument(written: JsonObject, known: KnownRun | undefined, incoming: Incoming): DocumentedChange {
  const before = documentOf(known)
  const document = structuredClone(written)
  const name = textOf(objectAt(document, 'metadata')['name'])
  const nameBefore = textOf(objectAt(before, 'metadata')['name'])
  if (known && !known.isTrashed && name !== undefined && nameBefore !== undefined && name !== nameBefore)
    throw invalid(`The run ${incoming.uid} is called '${nameBefore}' and cannot be renamed to '${name}'.`)
  const status = (document['status'] = objectAt(document, 'status'))
  const stored = objectAt(before, 'status')
  const uris = { ...objectAt(stored, 'artifact_uris'), ...objectAt(status, 'artifact_uris') }
  if (Object.keys(uris).length > 0) status['artifact_uris'] = uris
  const spec = (document['spec'] = objectAt(document, 'spec'))
  const kept = objectAt(before, 'spec')['notifications']
  if (!Array.isArray(spec['notifications']) && kept !== undefined) spec['notifications'] = kept
  return toChange({ document, before, known, incoming })
}

/** Values at dotted paths take the place of those in the document. */
export function patchDocument(patch: JsonObject, known: KnownRun, incoming: Incoming): DocumentedChange {
  const before = documentOf(known)
  const document = structuredClone(before)
  document['metadata'] = { ...objectAt(before, 'metadata'), name: known.name }
  for (const [path, value] of Object.entries(patch)) setAt(document, path, value)
  const status = (document['status'] = objectAt(document, 'status'))
  if (patch['status.last_update'] === undefined) status['last_update'] = toTime(incoming.nowMs)
  return toChange({ document, before, known, incoming })
}

const documentOf = (known: KnownRun | undefined): JsonObject => {
  const read = known?.document == null ? {} : parseJson(known.document)
  return isJsonObject(read) ? read : {}
}

/** A dot that belongs to a name has a backslash before it. */
function setAt(document: JsonObject, path: string, value: JsonValue): void {
  const names = path.split(/(?<!\\)\./).map((name) => name.replaceAll('\\.', '.'))
  let at = document
  for (const name of names.slice(0, -1)) {
    if (name === '__proto__') throw invalid("A path of an update holds the name '__proto__', which no field has.")
    const next = Object.hasOwn(at, name) ? at[name] : undefined
    at = isJsonObject(next) ? next : (at[name] = {})
  }
  const last = names.at(-1)!
  if (last === '__proto__') throw invalid("A path of an update holds the name '__proto__', which no field has.")
  at[last] = value
}

interface Change {
  document: JsonObject
  before: JsonObject
  known: KnownRun | undefined
  incoming: Incoming
}

function toChange({ document, before, known, incoming }: Change): DocumentedChange {
  const { name, uid, nowMs, place } = incoming
  const metadata = (document['metadata'] = {
    ...objectAt(document, 'metadata'),
    uid,
    project: name.project,
    iteration: name.iteration,
  } as JsonObject)
  const spec = withoutSecrets(objectAt(document, 'spec'))
  const status = (document['status'] = { ...objectAt(document, 'status') })
  keepArtifactUris(status, name.project)
  const runName = (metadata['name'] = textOf(metadata['name']) ?? known?.name ?? 'run')
  const state = stateOf(status, known)
  const startedAtMs = readTime(status['start_time'])
  if (startedAtMs === undefined) status['start_time'] = toTime(known?.startedAtMs ?? nowMs)
  if (typeof status['last_update'] !== 'string') status['last_update'] = toTime(nowMs)
  const labels = labelsOf(metadata['labels'])
  const error = textOf(status['error'])
  const sweep = sweepOf(status, incoming)
  return {
    document: writePythonJson({ ...document, kind: 'run', metadata, spec, status }),
    name: runName,
    experiment: experimentOf(textOf(spec['function']), runName),
    kind: name.iteration > 0 ? 'iteration' : isSweep(spec) ? 'sweep' : 'run',
    owner: labels['owner'] ?? labels['v3io_user'] ?? 'unknown',
    host: labels['host'] ?? '',
    outPath: name.iteration > 0 ? `${place}/${runName}/${name.iteration}` : place,
    createdAtMs: startedAtMs ?? known?.startedAtMs ?? nowMs,
    ...(state === undefined ? {} : { state }),
    ...(state === undefined || !isEnded(state) ? {} : endOf(status, known, nowMs)),
    ...(error === undefined ? {} : { reason: error, error: { type: 'Error', message: error } }),
    ...(sweep === undefined ? {} : { sweep }),
    labels: { ...removedOf(labelsOf(objectAt(before, 'metadata')['labels']), labels), ...labels },
    parameters: changedOf(objectAt(before, 'spec', 'parameters'), objectAt(spec, 'parameters')),
    results: changedOf(objectAt(before, 'status', 'results'), objectAt(status, 'results')),
    inputs: inputsOf(spec),
  }
}

/** Old clients send whole artifacts within the run; their addresses are kept, and they themselves are stored on their own. */
function keepArtifactUris(status: JsonObject, project: string): void {
  const { artifacts } = status
  delete status['artifacts']
  if (!Array.isArray(artifacts)) return
  const uris = objectAt(status, 'artifact_uris')
  for (const artifact of artifacts) {
    const key = textOf(objectAt(artifact, 'metadata')['key']) ?? textOf(objectAt(artifact)['key'])
    if (key !== undefined) uris[key] = artifactUri(project, objectAt(artifact))
  }
  status['artifact_uris'] = uris
}

/** A job that is being stopped says that it runs until it is gone; that does not bring it back. */
function stateOf(status: JsonObject, known: KnownRun | undefined): RunState | undefined {
  const word = status['state']
  const state = stateOfWord(word)
  if (word !== undefined && word !== null && state === undefined)
    throw invalid(
      `The state '${writePythonJson(word).slice(0, 40)}' of a run is not known: it is created, pending, running, completed, error, aborting, aborted or skipped.`,
    )
  if (state === undefined) return known === undefined ? 'created' : undefined
  const isStopped = known !== undefined && !known.isTrashed && (known.state === 'aborting' || known.state === 'aborted')
  return isStopped && (state === 'created' || state === 'pending' || state === 'running') ? undefined : state
}

function endOf(status: JsonObject, known: KnownRun | undefined, nowMs: number): { endedAtMs: number } {
  const told = readTime(status['end_time'])
  const endedAtMs = told ?? known?.endedAtMs ?? readTime(status['last_update']) ?? nowMs
  return { endedAtMs }
}

/** Runs of one function lie together. */
function experimentOf(uri: string | undefined, runName: string): string {
  const name = uri?.split('/').at(-1)?.split(/[@:]/)[0]
  return name === undefined || name === '' ? runName : functionName(name)
}

const isSweep = (spec: JsonObject): boolean =>
  Object.keys(objectAt(spec, 'hyperparams')).length > 0 ||
  textOf(spec['param_file']) !== undefined ||
  textOf(objectAt(spec, 'hyper_param_options')['param_file']) !== undefined

function sweepOf(status: JsonObject, { name, bestRunId }: Incoming): SweepSummary | undefined {
  const rows = Array.isArray(status['iterations']) ? status['iterations'].slice(1) : []
  if (name.iteration > 0 || rows.length === 0) return undefined
  const states = rows.map((row) => stateOfWord(Array.isArray(row) ? row[0] : undefined))
  const best = objectAt(status, 'results')['best_iteration']
  return {
    planned: rows.length,
    completed: states.filter((state) => state === 'completed').length,
    failed: states.filter((state) => state === 'failed').length,
    stopped: states.filter((state) => state === 'aborted' || state === 'skipped').length,
    running: states.filter((state) => state === 'running').length,
    bestIteration: typeof best === 'number' && best > 0 ? best : null,
    bestRunId: bestRunId ?? null,
    seed: null,
    stopReason: null,
  }
}

const removedOf = (before: object, after: object): Record<string, null> =>
  Object.fromEntries(
    Object.keys(before)
      .filter((key) => !Object.hasOwn(after, key))
      .map((key) => [key, null]),
  )

/** Those that are new or another than before. */
function changedOf(before: JsonObject, after: JsonObject): Record<string, JsonValue> {
  const changed = Object.create(null) as Record<string, JsonValue>
  for (const [key, value] of Object.entries(after))
    if (key !== '' && (!Object.hasOwn(before, key) || writePythonJson(before[key]) !== writePythonJson(value)))
      changed[key] = value
  return changed
}

const inputsOf = (spec: JsonObject): JournalInput[] =>
  Object.entries(objectAt(spec, 'inputs')).flatMap(([key, url]) =>
    typeof url === 'string' && url !== '' && key !== '' ? [{ key, url }] : [],
  )
