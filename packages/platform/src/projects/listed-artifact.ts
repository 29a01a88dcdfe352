import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { AppError, type ArtifactKind, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'

/** What MLRun's client refuses an entry of another kind for. */
const kindsOfClient = new Set([
  '',
  'artifact',
  'dir',
  'link',
  'plot',
  'table',
  'model',
  'dataset',
  'plotly',
  'document',
  'llm-prompt',
  'code',
])
const fieldsOfMetadata = new Set(['key', 'project', 'iter', 'tree', 'tag', 'uid', 'hash', 'description', 'labels', 'updated'])

const isAddress = (target: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(target)
const isInFolder = (target: string): boolean => !isAddress(target) && !isAbsolute(target)
const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
const partOf = (entry: JsonObject, name: string): JsonObject => (isJsonObject(entry[name]) ? entry[name] : {})

/**
 * A project's entry of an artifact as MLRun's client reads it too: `metadata.key`, and `spec.src_path` for what lies in the project's
 * folder or `spec.target_path` for what lies elsewhere. A flat entry (`{key, kind, target_path}`) becomes one of these; one with
 * `import_from` is flat there as well. One of these stays as it is, so repeats change nothing.
 */
export function portableArtifact(entry: JsonObject): JsonObject {
  if ('import_from' in entry) return entry
  const metadata: JsonObject = {}
  const spec: JsonObject = {}
  const parts: JsonObject = {}
  for (const [name, value] of Object.entries(entry)) {
    if (name === 'metadata' || name === 'spec' || name === 'kind') continue
    if (name === 'status') parts[name] = value
    else (fieldsOfMetadata.has(name) ? metadata : spec)[name] = value
  }
  Object.assign(metadata, partOf(entry, 'metadata'))
  Object.assign(spec, partOf(entry, 'spec'))
  const given = textOf(entry['kind'])
  if (
    given !== undefined &&
    kindsOfValues.has(given) &&
    isInFolder(textOf(spec['target_path']) ?? textOf(spec['src_path']) ?? '/')
  ) {
    metadata['labels'] = { ...partOf(metadata, 'labels'), [kindLabel]: given }
    return { kind: 'artifact', metadata, spec: placed(spec, 'artifact'), ...parts }
  }
  const kind = given === undefined ? undefined : kindOfClient(given)
  return { ...(kind === undefined ? {} : { kind }), metadata, spec: placed(spec, kind), ...parts }
}

/** The client uploads these from an object of Python's memory only: a file of that kind is a plain artifact to it, and a label says more. */
const kindsOfValues = new Set(['dataset', 'plot'])
const kindLabel = 'trainyard/kind'

function kindOfClient(kind: string): string {
  if (kind === 'directory') return 'dir'
  return kindsOfClient.has(kind) ? kind : 'artifact'
}

/** The client refuses a `target_path` that counts from the folder, and a model that names no file. */
function placed({ target_path: written, ...spec }: JsonObject, kind: string | undefined): JsonObject {
  const target = textOf(written)
  if (target === undefined) return written === undefined ? spec : { ...spec, target_path: written }
  const namesModel = textOf(spec['model_file']) !== undefined || textOf(spec['model_url']) !== undefined
  const isBareModel = kind === 'model' && !namesModel
  if (!isInFolder(target)) return { ...spec, target_path: target, ...(isBareModel ? { model_url: target } : {}) }
  if (isBareModel) return { ...spec, src_path: dirname(target), model_file: basename(target) }
  return { ...spec, src_path: target }
}

/** A document of a project with its artifacts in that form. */
export function withPortableArtifacts(spec: JsonObject): JsonObject {
  const { artifacts } = spec
  if (!Array.isArray(artifacts)) return spec
  return { ...spec, artifacts: artifacts.map((entry) => (isJsonObject(entry) ? portableArtifact(entry) : entry)) }
}

export interface ListedArtifact {
  key: string
  kind: ArtifactKind
  /** An address, or an absolute path. */
  target: string
}

const kinds = ['model', 'dataset', 'plot', 'table'] as const

/** What an entry says, its path counted from the folder. `invalid_argument` where it has no key, or nothing says where it lies. */
export function artifactOf(listed: JsonObject, folder: string): ListedArtifact {
  const entry = portableArtifact(listed)
  const [metadata, spec] = [partOf(entry, 'metadata'), partOf(entry, 'spec')]
  const key = textOf(entry['key']) ?? textOf(metadata['key'])
  const target = textOf(entry['import_from']) ?? textOf(spec['target_path']) ?? sourceOf(spec)
  if (key === undefined || target === undefined)
    throw new AppError(
      'invalid_argument',
      'An artifact of a project has metadata.key, and spec.src_path (in the folder), spec.target_path (elsewhere) or import_from.',
    )
  const told = partOf(metadata, 'labels')[kindLabel] ?? entry['kind']
  const kind = kinds.find((each) => each === told) ?? (entry['kind'] === 'dir' ? 'directory' : 'file')
  return { key, kind, target: isAddress(target) ? target : resolve(folder, target) }
}

function sourceOf({ src_path: source, model_file: model }: JsonObject): string | undefined {
  const [path, file] = [textOf(source), textOf(model)]
  if (path === undefined || file === undefined || isAddress(path)) return path
  return `${path}/${file}`
}

/** Whether it is looked for on this machine. */
export const isPath = (target: string): boolean => !isAddress(target)
