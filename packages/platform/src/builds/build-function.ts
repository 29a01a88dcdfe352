import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { AppError, isAppError, type JsonObject } from '@trainyard/contract'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import { currentSupervisor } from '../execution/index.ts'
import { fetchSource, type FunctionVersion } from '../functions/index.ts'
import { type BuildOptions, type BuildRecord, type BuildRequest, keyOf, lastBuild } from './build.ts'
import { buildEnvironment } from './build-environment.ts'
import { dockerfileOf } from './dockerfile.ts'
import { type BuildEngine, findEngine } from './engines.ts'
import { copySource, packSource } from './pack-source.ts'

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
    const { host, bootId, pid, startTicks } = currentSupervisor(options.nowMs())
    await setStatus({ ...version.status, state: 'building', builder: { host, bootId, pid, startTicks } })
    const record = await build(version, request, told)
    log.line(
      record.skipped
        ? 'Nothing has changed since it was built.'
        : `Built ${record.image ?? (record.environment === undefined ? 'nothing but the source: there are no requirements' : `the environment ${record.environment}`)}.`,
    )
    await options.onBuilt?.(record)
    await setStatus({ state: 'ready', build: { ...record } })
    return record
  } catch (error) {
    for (const line of outputOf(error)) log.line(line)
    log.line(messageOf(error))
    await setStatus({ state: 'error', reason: messageOf(error), build: (version.status?.['build'] as JsonObject) ?? null })
    throw error
  } finally {
    await log.close()
  }
}

/** What the installer said, where it is its failure. */
function outputOf(error: unknown): string[] {
  const output = isAppError(error) ? error.details?.['output'] : undefined
  return typeof output === 'string' ? output.split('\n').filter((line) => line.trim() !== '') : []
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
