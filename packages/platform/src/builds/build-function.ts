import { createHash } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AppError, type JsonObject } from '@trainyard/contract'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import { findPython, prepareRequirements } from '../execution/index.ts'
import {
  fetchSource,
  type Functions,
  type FunctionVersion,
  requirementsOf,
  type SourceOptions,
  stageFunction,
} from '../functions/index.ts'
import { dockerfileOf } from './dockerfile.ts'
import { type BuildEngine, findEngine } from './engines.ts'
import { copySource, packSource } from './pack-source.ts'

export interface BuildRequest {
  /** `auto`: an image where an engine and a base image are there, else the environment. */
  what?: 'auto' | 'image' | 'environment'
  /** buildah, podman or docker; the first one that is here unless said. */
  engine?: string
  /** The name of the image: `registry/name:tag`. */
  image?: string
  push?: boolean
  /** Values by name: variables of commands and installers while they run, in no layer and no log. */
  secrets?: Readonly<Record<string, string>>
  /** Builds also what is there. */
  force?: boolean
  /** Name or path of a Python, for environments. */
  python?: string
}

export interface BuildOptions {
  functions: Pick<Functions, 'setStatus'>
  sources: SourceOptions
  /** Logs are kept below it, one for each version. */
  folder: string
  environment: Readonly<Record<string, string | undefined>>
  onLine: (line: string) => void
  nowMs: () => number
}

/** What was built: the part `build` of the function's status. */
export interface BuildRecord {
  kind: 'image' | 'environment'
  /** Of all that goes in: the same key is not built again. */
  key: string
  atMs: number
  /** Nothing had changed. */
  skipped: boolean
  image?: string
  imageId?: string
  digest?: string
  engine?: string
  /** The key of the cached environment, and its interpreter. */
  environment?: string
  python?: string
  /** The packed source, which runs use from then on. */
  source?: string
}

/**
 * Builds a version of a function and keeps its state (`building`, then `ready` or `error` with the reason), what was built, and the log,
 * which is also told line by line. Skipped when nothing has changed since. Fails with the installer's or engine's reason in one sentence.
 */
export async function buildFunction(
  version: FunctionVersion,
  request: BuildRequest,
  options: BuildOptions,
): Promise<BuildRecord> {
  const log = await openLog(version, options, Object.values(request.secrets ?? {}))
  const told = { ...options, onLine: log.line }
  const setStatus = (status: JsonObject): Promise<unknown> =>
    options.functions.setStatus(
      { name: version.name, ...(version.isVersioned ? { hash: version.hash } : { tag: version.tags[0] ?? 'latest' }) },
      version.project,
      status,
    )
  try {
    await setStatus({ ...version.status, state: 'building' })
    const record = await build(version, request, told)
    log.line(
      record.skipped
        ? 'Nothing has changed since it was built.'
        : `Built ${record.image ?? (record.environment === undefined ? 'nothing but the source: there are no requirements' : `the environment ${record.environment}`)}.`,
    )
    await setStatus({ state: 'ready', build: { ...record } })
    return record
  } catch (error) {
    log.line(messageOf(error))
    await setStatus({ state: 'error', reason: messageOf(error), build: (version.status?.['build'] as JsonObject) ?? null })
    throw error
  } finally {
    await log.close()
  }
}

async function build(version: FunctionVersion, request: BuildRequest, options: BuildOptions): Promise<BuildRecord> {
  const { what = 'auto' } = request
  const hasBase = version.spec.baseImage !== undefined || version.spec.image !== undefined
  if (what === 'environment' || (what === 'auto' && !hasBase)) return await buildEnvironment(version, request, options)
  const engine = await findEngine(options.environment, request.engine)
  if (engine) return await buildImage(version, request, { ...options, engine })
  if (what === 'auto') return await buildEnvironment(version, request, options)
  throw new AppError(
    'failed_precondition',
    'There is nothing here that builds images: install buildah, podman or docker, or build the environment.',
  )
}

const keyOf = (...parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
const lastBuild = ({ status }: FunctionVersion): Partial<BuildRecord> => (status?.['build'] ?? {}) as Partial<BuildRecord>

async function buildEnvironment(version: FunctionVersion, request: BuildRequest, options: BuildOptions): Promise<BuildRecord> {
  const { spec } = version
  // What cannot be laid out cannot run: told here, not later.
  const staged = await stageFunction({ ...version, status: null }, options.sources)
  for (const note of staged.notes) options.onLine(note)
  const fetched = spec.source === undefined ? undefined : await fetchSource(spec.source, options.sources)
  const isOwn = fetched !== undefined && fetched.revision === undefined
  const packed = isOwn ? await packSource(fetched.folder, options.sources.cacheFolder) : undefined
  const python = findPython({
    ...(request.python === undefined ? {} : { requested: request.python }),
    environment: options.environment,
    workingDirectory: options.sources.objects.workingDirectory,
  }).executable
  const requirements = requirementsOf(spec, fetched?.folder)
  const key = keyOf('environment', requirements, packed?.sha256 ?? fetched?.revision ?? null, python)
  const prepared =
    requirements.length === 0
      ? undefined
      : await prepareRequirements({
          script: '',
          requirements,
          python,
          environment: { ...options.environment, ...request.secrets },
          workingDirectory: options.sources.objects.workingDirectory,
          onNote: options.onLine,
          signal: options.sources.signal,
        })
  const cached = prepared?.choices['environment'] ?? ''
  return {
    kind: 'environment',
    key,
    atMs: options.nowMs(),
    skipped: request.force !== true && lastBuild(version).key === key && !cached.startsWith('made now'),
    python: prepared?.python ?? python,
    ...(prepared === undefined ? {} : { environment: /\((\w+)\)/.exec(cached)?.[1] ?? '' }),
    ...(packed === undefined ? {} : { source: packed.path }),
  }
}

async function buildImage(
  version: FunctionVersion,
  request: BuildRequest,
  options: BuildOptions & { engine: BuildEngine },
): Promise<BuildRecord> {
  const { spec } = version
  const { engine, sources } = options
  const fetched = spec.source === undefined ? undefined : await fetchSource(spec.source, sources)
  const requirements = spec.requirements ?? []
  const codeFile = spec.code === undefined ? undefined : basename(spec.codeFile ?? `${spec.name}.py`)
  const dockerfile = dockerfileOf(spec, {
    hasSource: fetched !== undefined && spec.loadSourceOnRun !== true,
    secrets: Object.keys(request.secrets ?? {}).toSorted(),
    requirements,
    ...(codeFile === undefined ? {} : { codeFile }),
  })
  const image =
    request.image ?? `localhost/trainyard/${version.project}-${version.name}:${version.hash.slice(0, 12)}`.toLowerCase()
  const content = fetched?.revision ?? (fetched && (await packSource(fetched.folder, sources.cacheFolder)).sha256) ?? null
  const key = keyOf('image', dockerfile, requirements, content, spec.code ?? null, image)
  const last = lastBuild(version)
  const isThere = request.force !== true && last.key === key && (await engine.has(image))
  if (isThere && (request.push !== true || last.digest !== undefined))
    return { ...(last as BuildRecord), atMs: options.nowMs(), skipped: true }
  const scratch = await mkdtemp(join(tmpdir(), 'trainyard-build-'))
  const call = { onLine: options.onLine, signal: sources.signal, scratch }
  try {
    const context = join(scratch, 'context')
    await mkdir(context)
    await writeFile(join(context, 'Dockerfile'), dockerfile)
    await writeFile(join(context, 'requirements.txt'), requirements.map((line) => `${line}\n`).join(''))
    if (fetched && spec.loadSourceOnRun !== true) await copySource(fetched.folder, join(context, 'source'))
    if (codeFile !== undefined) {
      await mkdir(join(context, 'code'))
      await writeFile(join(context, 'code', codeFile), spec.code!)
    }
    const secrets = await writeSecrets(scratch, request.secrets ?? {})
    options.onLine(`building ${image} with ${engine.name}`)
    const imageId = isThere ? last.imageId! : await engine.build({ ...call, context, image, secrets })
    const digest = request.push === true ? await engine.push(image, call) : null
    return {
      kind: 'image',
      key,
      atMs: options.nowMs(),
      skipped: false,
      image,
      imageId,
      engine: engine.name,
      ...(digest === null ? {} : { digest }),
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Outside of the context, which becomes part of the image. */
async function writeSecrets(scratch: string, secrets: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const folder = join(scratch, 'secrets')
  await mkdir(folder, { mode: 0o700 })
  const files: Record<string, string> = {}
  for (const [name, value] of Object.entries(secrets)) {
    files[name] = join(folder, name)
    await writeFile(files[name], value, { mode: 0o600 })
  }
  return files
}

const logPath = (folder: string, version: Pick<FunctionVersion, 'project' | 'name' | 'hash'>): string =>
  join(folder, `${keyOf(version.project, version.name).slice(0, 12)}-${version.hash.slice(0, 16)}.log`)

async function openLog(version: FunctionVersion, options: BuildOptions, secrets: readonly string[]) {
  const path = logPath(options.folder, version)
  await mkdir(dirname(path), { recursive: true })
  const file: WriteStream = createWriteStream(path, { mode: 0o600 })
  const hidden = secrets.filter((value) => value.trim() !== '').toSorted((one, other) => other.length - one.length)
  const line = (text: string): void => {
    const shown = hidden.reduce((left, value) => left.replaceAll(value, '*****'), text)
    file.write(`${shown}\n`)
    options.onLine(shown)
  }
  const close = (): Promise<void> => new Promise((resolve) => file.end(() => resolve()))
  return { line, close }
}

/** The log of the last build of a version from a byte on; empty when there was none. */
export async function readBuildLog(
  folder: string,
  version: Pick<FunctionVersion, 'project' | 'name' | 'hash'>,
  offset = 0,
): Promise<Buffer> {
  try {
    await using file = await open(logPath(folder, version))
    const { size } = await file.stat()
    const length = Math.max(0, Math.min(size - offset, 16 * 1024 * 1024))
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
