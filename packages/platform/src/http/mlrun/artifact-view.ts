import { type ArtifactKind, isJsonObject, type JsonObject } from '@trainyard/contract'
import type { DocumentedArtifact } from '../../tracking/index.ts'
import { objectAt, parseStored } from './json.ts'
import { normalTime, toTime } from './times.ts'

const kinds: Partial<Record<ArtifactKind, string>> = {
  model: 'model',
  dataset: 'dataset',
  table: 'table',
  plot: 'plot',
  chart: 'plotly',
  directory: 'dir',
}

/** An artifact as this dialect's client sees it. */
export function fromArtifact({ record, tag, tree, uid, document }: DocumentedArtifact): JsonObject {
  const read = document === null ? nativeDocument(record) : parseStored(document)
  const written = isJsonObject(read) ? read : {}
  const metadata = objectAt(written, 'metadata')
  const { tag: _, ...rest } = metadata
  return {
    ...written,
    metadata: {
      ...rest,
      project: record.project,
      iter: record.iteration,
      tree: tree ?? record.id,
      uid,
      labels: { ...record.labels },
      created: toTime(record.createdAtMs),
      updated: normalTime(metadata['updated']) ?? toTime(record.createdAtMs),
      ...(tag === null ? {} : { tag }),
    },
    spec: {
      ...objectAt(written, 'spec'),
      db_key: record.key,
      ...(record.sizeBytes === null ? {} : { size: record.sizeBytes }),
    },
    status: { state: 'created', ...objectAt(written, 'status') },
  }
}

/** What this program's own runs and other clients have stored. */
function nativeDocument({
  key,
  kind,
  target,
  format,
  sha256,
  metadata,
  project,
  runId,
  iteration,
}: DocumentedArtifact['record']): JsonObject {
  const { schema, stats, preview, header, rows, framework, metrics, parameters, inputs, outputs, description } = metadata
  const spec = { schema, header, length: rows, framework, metrics, parameters, inputs, outputs }
  const found = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)) as JsonObject
  const isModel = kind === 'model'
  return {
    kind: kinds[kind] ?? 'artifact',
    metadata: {
      key,
      ...(sha256 === null ? {} : { hash: sha256 }),
      ...(typeof description === 'string' ? { description } : {}),
    },
    spec: {
      ...found,
      target_path: isModel && !target.endsWith('/') && format === null ? `${target}/` : target,
      ...(format === null ? {} : { format }),
      ...(kind === 'html' ? { viewer: 'web-app' } : {}),
      ...(runId === null ? {} : { producer: { kind: 'run', uri: `${project}/${runId}${iteration > 0 ? `-${iteration}` : ''}` } }),
    },
    status: { state: 'created', ...(stats === undefined ? {} : { stats }), ...(preview === undefined ? {} : { preview }) },
  }
}
