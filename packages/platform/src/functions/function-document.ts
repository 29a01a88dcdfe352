import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import { functionFields } from './function-fields.ts'
import { readPath, writePath } from './json-path.ts'

/** A function as it is kept and as `function.yaml` has it: `kind`, `metadata`, `spec`, `status` in MLRun's shape. */
export type FunctionDocument = JsonObject

/**
 * The document of a function. Over `base` the fields that the specification has are replaced, and everything it does not know stays
 * as it is: a document that another program wrote loses nothing.
 */
export function toFunctionDocument(
  spec: FunctionSpec,
  options: { project?: string; base?: FunctionDocument } = {},
): FunctionDocument {
  const document = structuredClone(options.base ?? { kind: spec.kind ?? 'job', metadata: {}, spec: {} })
  writePath(document, 'metadata.name', spec.name)
  if (options.project !== undefined) writePath(document, 'metadata.project', options.project)
  for (const { key, path, write } of functionFields) {
    const value = spec[key]
    if (value !== undefined) writePath(document, path, write(value))
  }
  if (spec.volumes !== undefined) writeVolumes(document, spec.volumes)
  return document
}

/** What a document says of its function; fields that have no place in the specification are left out. */
export function fromFunctionDocument(document: FunctionDocument): FunctionSpec {
  const name = readPath(document, 'metadata.name')
  const spec: Record<string, unknown> = { name: typeof name === 'string' ? name : '' }
  for (const { key, path, read } of functionFields) {
    const value = readPath(document, path)
    const known = value === undefined || value === null ? undefined : read(value)
    if (known !== undefined) spec[key] = known
  }
  const volumes = readVolumes(document)
  if (volumes !== undefined) spec['volumes'] = volumes
  return spec as FunctionSpec
}

type Volumes = NonNullable<FunctionSpec['volumes']>

function writeVolumes(document: FunctionDocument, volumes: Volumes): void {
  const sources = volumes.flatMap(({ name, source }) => (isJsonObject(source) ? [{ ...source, name }] : []))
  writePath(document, 'spec.volumes', sources)
  const mounts = volumes.map(({ name, mountPath, subPath }) => ({
    name,
    mountPath,
    ...(subPath === undefined ? {} : { subPath }),
  }))
  writePath(document, 'spec.volume_mounts', mounts)
}

function readVolumes(document: FunctionDocument): Volumes | undefined {
  const listAt = (path: string): JsonObject[] => {
    const value: JsonValue | undefined = readPath(document, path)
    return Array.isArray(value) ? value.filter(isJsonObject) : []
  }
  const sources = new Map(listAt('spec.volumes').map(({ name, ...source }) => [textOf(name), source]))
  const volumes = listAt('spec.volume_mounts').map((mount) => {
    const source = sources.get(textOf(mount['name']))
    return {
      name: textOf(mount['name']),
      mountPath: textOf(mount['mountPath']),
      ...(typeof mount['subPath'] === 'string' ? { subPath: mount['subPath'] } : {}),
      ...(source === undefined ? {} : { source }),
    }
  })
  return volumes.length > 0 ? volumes : undefined
}

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '')
