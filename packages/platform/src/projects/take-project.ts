import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import {
  type FunctionDocument,
  fromFunctionDocument,
  type Functions,
  fetchSource,
  makeFunction,
  parseFunctionReference,
  portableDocument,
  readFunctionFile,
  type SourceOptions,
  toFunctionDocument,
} from '../functions/index.ts'
import type { ProjectRecord, Tracking } from '../tracking/index.ts'
import { artifactOf, isPath, withPortableArtifacts } from './listed-artifact.ts'
import { type ProjectFile, tablesOf } from './project-file.ts'

/** What a project is taken into, and how code is reached. */
export interface Grounds {
  tracking: Pick<Tracking, 'projects' | 'artifacts'>
  functions: Functions
  sources: SourceOptions
  /** The definition of `hub://…`. */
  hubFunction(reference: string): Promise<FunctionDocument>
  by: string
  nowMs: number
}

export interface TakenProject {
  project: ProjectRecord
  functions: string[]
  artifacts: string[]
  /** Artifacts of it whose file or folder is not on this machine; addresses are not looked at. */
  missingFiles: { key: string; target: string }[]
}

/**
 * Takes a project from its folder into the records: its document, and a version of each function and artifact it names. Every function is
 * made before anything is kept: one that cannot be leaves all as it was. Repeats change nothing.
 */
export async function takeProject(file: ProjectFile, folder: string, grounds: Grounds): Promise<TakenProject> {
  const { name, metadata, spec } = file
  const made: FunctionDocument[] = []
  for (const entry of tablesOf(spec, 'functions', file.name)) made.push(await functionOf(entry, { file, folder, grounds }))
  const artifacts = tablesOf(spec, 'artifacts', file.name).map((entry) => artifactOf(entry, folder))
  const project = await grounds.tracking.projects.put(name, { metadata, spec: withPortableArtifacts(spec) })
  const functions: string[] = []
  for (const document of made) {
    const { name: own } = fromFunctionDocument(document)
    const { tag } = document['metadata'] as { tag?: JsonValue }
    const tags = ['latest', ...(typeof tag === 'string' && tag !== '' && tag !== 'latest' ? [tag] : [])]
    await grounds.functions.save({ project: name, document, tags, by: grounds.by })
    functions.push(own)
  }
  const known = await grounds.tracking.artifacts.search({ project: name, limit: 10_000 })
  for (const { key, kind, target } of artifacts) {
    if (known.some((each) => each.key === key && each.target === target)) continue
    await grounds.tracking.artifacts.add({
      key,
      kind,
      target,
      project: name,
      runId: null,
      iteration: 0,
      metadata: {},
      labels: {},
      createdAtMs: grounds.nowMs,
    })
  }
  return {
    project,
    functions,
    artifacts: artifacts.map(({ key }) => key),
    missingFiles: artifacts
      .filter(({ target }) => isPath(target) && !existsSync(target))
      .map(({ key, target }) => ({ key, target })),
  }
}

/** Where an entry of a project's file stands. */
export interface Place {
  file: ProjectFile
  folder: string
  grounds: Pick<Grounds, 'functions' | 'sources' | 'hubFunction'>
}

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** An entry is a reference (`url` with what is said beside it) or the function itself (`spec`). */
export async function functionOf(entry: JsonObject, place: Place): Promise<FunctionDocument> {
  const name = textOf(entry['name'])
  const url = textOf(entry['url'])
  const { spec: embedded } = entry
  const base = isJsonObject(embedded) ? embedded : url === undefined ? undefined : await referred(url, entry, place)
  if (base === undefined)
    throw new AppError('invalid_argument', `${place.file.name}: the function ${name ?? '?'} has neither a url nor a spec.`)
  const said = saidBeside(entry)
  const spec = { ...fromFunctionDocument(base), ...said, ...(name === undefined ? {} : { name }) }
  if (spec.name === '')
    throw new AppError('invalid_argument', `${place.file.name}: the function at ${url ?? 'spec'} has no name.`)
  const document = toFunctionDocument(withProject(spec, entry, place.file.spec), { base, project: place.file.name })
  const tag = textOf(entry['tag'])
  if (tag !== undefined && isJsonObject(document['metadata'])) document['metadata']['tag'] = tag
  return document
}

async function referred(url: string, entry: JsonObject, { folder, grounds, file }: Place): Promise<FunctionDocument> {
  if (url.startsWith('hub://')) return await grounds.hubFunction(url)
  if (url.startsWith('db://'))
    return portableDocument((await grounds.functions.get(parseFunctionReference(url), file.name)).document)
  const options = { ...grounds.sources, objects: { ...grounds.sources.objects, workingDirectory: folder } }
  if (/\.ya?ml$/.test(url)) {
    const fetched = await fetchSource(url, options)
    return await readFunctionFile(fetched.file ?? resolve(folder, url))
  }
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !existsSync(join(folder, url)))
    throw new AppError(
      'invalid_argument',
      `${file.name}: there is no ${url} in ${folder}, the code of the function ${textOf(entry['name']) ?? url}.`,
    )
  const given = { ...saidBeside(entry), ...(textOf(entry['name']) === undefined ? {} : { name: textOf(entry['name'])! }) }
  return toFunctionDocument(await makeFunction(url, { ...options, given }))
}

function saidBeside(entry: JsonObject): Partial<FunctionSpec> {
  const { requirements } = entry
  const [kind, image, handler] = [textOf(entry['kind']), textOf(entry['image']), textOf(entry['handler'])]
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(image === undefined ? {} : { image }),
    ...(handler === undefined ? {} : { handler }),
    ...(Array.isArray(requirements) ? { requirements: requirements.map(String) } : {}),
  }
}

/** The project's default image where the function says none, and its source where the function wants the repository. */
function withProject(spec: FunctionSpec, entry: JsonObject, project: JsonObject): FunctionSpec {
  const [image, source] = [textOf(project['default_image']), textOf(project['source'])]
  const wantsSource = entry['with_repo'] === true || project['load_source_on_run'] === true
  return {
    ...spec,
    ...(spec.image === undefined && image !== undefined && spec.kind !== 'local' ? { image } : {}),
    ...(spec.source === undefined && spec.code === undefined && wantsSource && source !== undefined ? { source } : {}),
  }
}
