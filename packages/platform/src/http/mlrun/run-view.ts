import { isJsonObject, type JsonObject, type JsonValue, type RunRecord } from '@trainyard/contract'
import { isEnded } from '@trainyard/contract'
import { labelsOf, objectAt, parseStored } from './json.ts'
import { stateWord } from './states.ts'
import { timeBeside } from './times.ts'

/** A run as this dialect's client sees it: the document it sent, brought up to date by the record, which other clients change too. */
export function toRun(run: RunRecord, stored: string | undefined): JsonObject {
  const read = stored === undefined ? {} : parseStored(stored)
  const document = isJsonObject(read) ? read : {}
  const spec = { ...objectAt(document, 'spec') }
  spec['parameters'] = merge(objectAt(spec, 'parameters'), run.parameters)
  if (run.inputs.length > 0)
    spec['inputs'] = { ...Object.fromEntries(run.inputs.map(({ key, url }) => [key, url])), ...objectAt(spec, 'inputs') }
  spec['output_path'] ??= run.outPath
  spec['function'] ??= ''
  if (run.code?.handler !== undefined) spec['handler'] ??= run.code.handler
  return {
    ...document,
    kind: 'run',
    metadata: metadataOf(run, objectAt(document, 'metadata')),
    spec,
    status: statusOf(run, objectAt(document, 'status')),
  }
}

function metadataOf(run: RunRecord, written: JsonObject): JsonObject {
  const labels = merge(labelsOf(written['labels']), run.labels)
  // A run that this program's own commands made.
  if (labels['kind'] === undefined && Object.keys(written).length === 0) labels['kind'] = 'local'
  if (labels['owner'] === undefined && Object.keys(written).length === 0) labels['owner'] = run.owner
  return {
    ...written,
    name: run.name,
    uid: typeof written['uid'] === 'string' ? written['uid'] : uidOf(run),
    iteration: run.kind === 'iteration' ? run.iteration : 0,
    project: run.project,
    labels,
    annotations: objectAt(written, 'annotations'),
  }
}

/** Iterations go by the uid of their sweep. */
export const uidOf = (run: RunRecord): string => (run.kind === 'iteration' && run.parentId !== null ? run.parentId : run.id)

function statusOf(run: RunRecord, written: JsonObject): JsonObject {
  const error = run.state === 'failed' ? (run.error?.message ?? run.stateReason) : null
  const status: JsonObject = {
    ...written,
    results: merge(objectAt(written, 'results'), ofUser(run.results)),
    start_time: timeBeside(written['start_time'], run.createdAtMs),
    last_update: timeBeside(written['last_update'], run.updatedAtMs),
    state: stateWord(run.state, written['state']),
    artifact_uris: objectAt(written, 'artifact_uris'),
  }
  if (isEnded(run.state)) status['end_time'] = timeBeside(written['end_time'], run.endedAtMs ?? run.updatedAtMs)
  else delete status['end_time']
  if (error !== null && error !== undefined) status['error'] ??= error
  if (run.stateReason !== null && run.state !== 'completed') status['status_text'] ??= run.stateReason
  if (run.host !== '') status['host'] ??= run.host
  return status
}

/** What the machine did meanwhile is no result of the run. */
const ofUser = (results: RunRecord['results']): RunRecord['results'] =>
  Object.fromEntries(Object.entries(results).filter(([key]) => !key.startsWith('system/')))

/** The values of the record in the order the document has them, the others behind. */
function merge(written: JsonObject, recorded: Readonly<Record<string, JsonValue>>): JsonObject {
  // An object without a prototype takes any name, but is slow to fill and to write.
  const isOdd = Object.hasOwn(recorded, '__proto__') || Object.hasOwn(written, '__proto__')
  const merged: JsonObject = isOdd ? Object.create(null) : {}
  for (const key of Object.keys(written)) if (Object.hasOwn(recorded, key)) merged[key] = recorded[key]!
  for (const key of Object.keys(recorded)) if (!Object.hasOwn(merged, key)) merged[key] = recorded[key]!
  for (const key of Object.keys(written)) if (written[key] === null && !Object.hasOwn(merged, key)) merged[key] = null
  return merged
}
