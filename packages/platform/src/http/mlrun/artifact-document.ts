import { createHash, randomUUID } from 'node:crypto'
import type { ArtifactKind, JsonObject, JsonValue } from '@trainyard/contract'
import { writePythonJson } from '@trainyard/contract/python-json'
import type { NewDocumentedArtifact } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import { labelsOf, objectAt, textOf } from './json.ts'
import { checkTag } from './names.ts'
import { toTime } from './times.ts'

const kinds: Readonly<Record<string, ArtifactKind>> = {
  model: 'model',
  dataset: 'dataset',
  table: 'table',
  plot: 'plot',
  plotly: 'chart',
  chart: 'chart',
  dir: 'directory',
}

/** Our kind of an artifact; a page is one by how it is looked at. */
export const kindOf = (kind: string | undefined, viewer: string | undefined): ArtifactKind =>
  kinds[kind ?? ''] ?? (viewer === 'web-app' ? 'html' : 'file')

/** What may change about an artifact without making another one of it. */
const changing: Readonly<Record<string, readonly string[]>> = {
  dataset: ['schema', 'header', 'length', 'column_metadata', 'features', 'partition_keys', 'timestamp_key', 'label_column'],
  model: ['metrics', 'parameters', 'inputs', 'outputs', 'feature_vector', 'feature_weights', 'feature_stats'],
  table: ['schema', 'header'],
}

/** 40 digits over all of an artifact that does not change. */
function uidOf(document: JsonObject, { tree, iteration }: { tree: string; iteration: number }): string {
  const { labels: _, updated: __, created: ___, tag: ____, uid: _____, ...metadata } = objectAt(document, 'metadata')
  const spec = { ...objectAt(document, 'spec') }
  for (const name of ['db_key', 'extra_data', 'size', ...(changing[textOf(document['kind']) ?? ''] ?? [])]) delete spec[name]
  const { status: ______, ...rest } = document
  return createHash('sha1')
    .update(sorted({ ...rest, metadata: { ...metadata, tree, iter: iteration }, spec }))
    .digest('hex')
}

function sorted(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`
  if (typeof value !== 'object' || value === null) return writePythonJson(value)
  return `{${Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${sorted(value[key]!)}`)
    .join()}}`
}

/** A path that counts from wherever the client worked is nothing this server could open. */
const targetOf = (path: string | undefined): string => {
  if (path === undefined) return 'inline://'
  if (path.startsWith('/') || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return path
  return `client://${path}`
}

/** The facts that every other view of the record shows. */
function factsOf(document: JsonObject): JsonObject {
  const [spec, status] = [objectAt(document, 'spec'), objectAt(document, 'status')]
  const facts: JsonObject = {}
  const names = {
    schema: 'schema',
    header: 'header',
    length: 'rows',
    framework: 'framework',
    algorithm: 'algorithm',
    metrics: 'metrics',
    parameters: 'parameters',
    inputs: 'inputs',
    outputs: 'outputs',
  }
  for (const [name, fact] of Object.entries(names)) if (spec[name] !== undefined && spec[name] !== null) facts[fact] = spec[name]
  for (const name of ['stats', 'preview'] as const)
    if (status[name] !== undefined && status[name] !== null) facts[name] = status[name]
  const description = textOf(objectAt(document, 'metadata')['description'])
  return description === undefined ? facts : { ...facts, description }
}

export interface ArtifactPut {
  project: string
  key: string
  tree: string | undefined
  iteration: number | undefined
  tag: string | undefined
  nowMs: number
}

/** The record of a stored document; what is not said is taken from the document itself. */
export function toArtifact(written: JsonObject, put: ArtifactPut): NewDocumentedArtifact {
  const metadata = objectAt(written, 'metadata')
  const spec = objectAt(written, 'spec')
  const tree = put.tree ?? textOf(metadata['tree']) ?? randomUUID()
  const iteration = put.iteration ?? (typeof metadata['iter'] === 'number' ? metadata['iter'] : 0)
  if (!Number.isSafeInteger(iteration) || iteration < 0) throw invalid(`Iterations are counted from 1, not ${iteration}.`)
  const tag = put.tag ?? textOf(metadata['tag'])
  const { size } = spec
  const [format, hash] = [textOf(spec['format']), textOf(metadata['hash'])]
  const document: JsonObject = {
    ...written,
    metadata: { ...metadata, project: put.project, key: textOf(metadata['key']) ?? put.key, tree, iter: iteration },
    spec: { ...spec, db_key: put.key },
    status: { state: 'created', ...objectAt(written, 'status') },
  }
  objectAt(document, 'metadata')['updated'] = toTime(put.nowMs)
  return {
    project: put.project,
    key: put.key,
    tree,
    iteration,
    uid: uidOf(document, { tree, iteration }),
    tags: tag === undefined ? [] : [checkTag(tag)],
    kind: kindOf(textOf(written['kind']), textOf(spec['viewer'])),
    target: targetOf(textOf(spec['target_path'])),
    ...(format === undefined ? {} : { format }),
    ...(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? { sizeBytes: size } : {}),
    ...(hash !== undefined && /^[0-9a-f]{64}$/.test(hash) ? { sha256: hash } : {}),
    metadata: factsOf(document),
    labels: labelsOf(metadata['labels']),
    createdAtMs: put.nowMs,
    document: writePythonJson(document),
  }
}
