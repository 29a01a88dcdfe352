import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { storageError, systemErrorCode } from '../../base/errors.ts'
import { lockBuild } from './build-lock.ts'
import { describeInterpreter, type InterpreterIdentity } from './describe-interpreter.ts'
import { buildEnvironment, findUv, pythonIn, type ToolName } from './installers.ts'
import { fitsPythonRange } from './python-version.ts'
import type { Requirements } from './requirements.ts'

export interface PreparedEnvironment {
  /** Absolute path of the environment's interpreter. */
  python: string
  /** Folder name below the cache; the same content and interpreter give the same key. */
  key: string
  /** False when it was there already, or another process made it meanwhile. */
  created: boolean
  tool: ToolName
  /** For the run's record: every automatic choice. */
  choices: Record<string, string>
}

export interface PrepareOptions {
  requirements: Requirements
  interpreter: { executable: string }
  /** See `environmentCacheDirectory`. */
  cacheDirectory: string
  /** Lines of progress, for people. Not called when the environment is there. */
  onProgress?: (line: string) => void
  /** What installers inherit: proxies, index settings, PATH for finding uv. */
  environment: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal
}

/**
 * What an environment's `environment.json` tells; the file is written last, so without it nothing is finished. Each try at
 * building has a folder of its own, because the installer of a killed builder may still be writing into the one before.
 */
interface EnvironmentRecord {
  version: 1
  /** The folder of the try that succeeded. */
  build: string
  requirements: readonly string[]
  source: string
  interpreter: InterpreterIdentity
  tool: ToolName
  choices: Record<string, string>
  createdAtMs: number
  sizeBytes: number
}

/** `TRAINYARD_CACHE`, else `trainyard` in `XDG_CACHE_HOME`, else `~/.cache/trainyard`; environments lie below it. */
export const environmentCacheDirectory = (environment: PrepareOptions['environment']): string =>
  join(
    environment['TRAINYARD_CACHE'] ||
      join(environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache'), 'trainyard'),
    'environments',
  )

/** Equal for equal requirements (order and spelling count) and the very same base interpreter. */
export function environmentKey(requirements: Pick<Requirements, 'lines'>, interpreter: InterpreterIdentity): string {
  const { path, version, implementation, platform, abi } = interpreter
  const identity = JSON.stringify([1, requirements.lines, path, version, implementation, platform, abi])
  return createHash('sha256').update(identity).digest('hex').slice(0, 24)
}

/**
 * A virtual environment with the requirements, from the cache or made now. However many processes ask at once, one makes it and
 * the others wait. What a killed or cancelled builder left is cleared away. Fails with `failed_precondition` and the installer's
 * reason in one sentence.
 */
export async function prepareEnvironment(options: PrepareOptions): Promise<PreparedEnvironment> {
  const { requirements, cacheDirectory, signal, onProgress = () => undefined } = options
  const interpreter = await describeInterpreter(options.interpreter.executable, signal ? { signal } : {})
  requireVersion(requirements, interpreter)
  const key = environmentKey(requirements, interpreter)
  const folder = join(cacheDirectory, key)
  const ready = await useIfReady(folder, key)
  if (ready) return ready
  await makeFolder(cacheDirectory)
  await using _lock = await lockBuild(join(cacheDirectory, `${key}.lock`), {
    onWait: (owner) => onProgress(`waiting for ${owner}, which makes the same environment`),
    ...(signal ? { signal } : {}),
  })
  const madeMeanwhile = await useIfReady(folder, key)
  if (madeMeanwhile) return madeMeanwhile
  const uv = findUv(options.environment)
  onProgress(`making an environment for ${requirements.source} with ${uv ? 'uv' : 'pip'} and Python ${interpreter.version}`)
  await rm(folder, { recursive: true, force: true })
  try {
    const build = randomBytes(4).toString('hex')
    const target = join(folder, build)
    await makeFolder(folder)
    const { tool, choices } = await buildEnvironment(
      { executable: interpreter.path, folder: target, requirements, environment: options.environment, onProgress, signal },
      uv,
    )
    await writeRecord(folder, {
      version: 1,
      build,
      requirements: requirements.lines,
      source: requirements.source,
      interpreter,
      tool,
      choices,
      createdAtMs: Date.now(),
      sizeBytes: await sizeOf(target),
    })
    return { python: pythonIn(target), key, created: true, tool, choices: { ...choices, environment: `made now (${key})` } }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (error instanceof AppError) throw error
    throw storageError(`Cannot make an environment in ${folder}`, error)
  }
}

/** Refuses an interpreter that the requirements do not want; asks for its version only when they say anything of it. */
export async function checkInterpreter(requirements: Requirements, executable: string, signal?: AbortSignal): Promise<void> {
  if (requirements.requiresPython === undefined) return
  requireVersion(requirements, await describeInterpreter(executable, signal ? { signal } : {}))
}

function requireVersion({ requiresPython, source }: Requirements, { path, version }: InterpreterIdentity): void {
  if (requiresPython === undefined || fitsPythonRange(version, requiresPython)) return
  throw new AppError(
    'failed_precondition',
    `The ${source} wants Python ${requiresPython}, and ${path} is ${version}: name another interpreter with --python.`,
  )
}

async function useIfReady(folder: string, key: string): Promise<PreparedEnvironment | undefined> {
  const record = await readRecord(folder)
  const python = pythonIn(join(folder, record?.build ?? ''))
  if (!record || !existsSync(python)) return undefined
  // The time of last use; a cache that cannot be written to still serves.
  const now = new Date()
  await utimes(recordPath(folder), now, now).catch(() => undefined)
  return {
    python,
    key,
    created: false,
    tool: record.tool,
    choices: { ...record.choices, environment: `cached (${key})` },
  }
}

const recordPath = (folder: string): string => join(folder, 'environment.json')

async function readRecord(folder: string): Promise<EnvironmentRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(recordPath(folder), 'utf8')) as EnvironmentRecord
    return record.version === 1 ? record : undefined
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR' || error instanceof SyntaxError) {
      return undefined
    }
    throw storageError(`Cannot read ${recordPath(folder)}`, error)
  }
}

async function writeRecord(folder: string, record: EnvironmentRecord): Promise<void> {
  const path = recordPath(folder)
  await writeFile(`${path}.new`, JSON.stringify(record, undefined, 2))
  await rename(`${path}.new`, path)
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw storageError(`Cannot use the cache directory ${path}`, error)
  }
}

/** Bytes on disk; files under several names count once. */
async function sizeOf(folder: string): Promise<number> {
  const seen = new Set<number>()
  let sizeBytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const stats = await stat(join(entry.parentPath, entry.name))
    if (seen.has(stats.ino)) continue
    seen.add(stats.ino)
    sizeBytes += stats.size
  }
  return sizeBytes
}

export interface CachedEnvironment {
  key: string
  python: string
  pythonVersion: string
  requirements: readonly string[]
  source: string
  tool: ToolName
  sizeBytes: number
  createdAtMs: number
  lastUsedAtMs: number
}

/** Finished environments, latest used first. */
export async function listEnvironments(cacheDirectory: string): Promise<CachedEnvironment[]> {
  const found: CachedEnvironment[] = []
  for (const key of await namesIn(cacheDirectory)) {
    const folder = join(cacheDirectory, key)
    const record = await readRecord(folder)
    if (!record) continue
    found.push({
      key,
      python: pythonIn(join(folder, record.build)),
      pythonVersion: record.interpreter.version,
      requirements: record.requirements,
      source: record.source,
      tool: record.tool,
      sizeBytes: record.sizeBytes,
      createdAtMs: record.createdAtMs,
      lastUsedAtMs: (await stat(recordPath(folder))).mtimeMs,
    })
  }
  return found.sort((left, right) => right.lastUsedAtMs - left.lastUsedAtMs)
}

/** Which environments to remove: named ones (a unique beginning of the key is enough), those not used for a while, or all. */
export type EnvironmentChoice = { keys: readonly string[] } | { unusedForMs: number; nowMs: number } | { all: true }

/** Removes environments and resolves to those removed. An unknown key fails with `not_found` before anything is removed. */
export async function removeEnvironments(cacheDirectory: string, choice: EnvironmentChoice): Promise<CachedEnvironment[]> {
  const present = await listEnvironments(cacheDirectory)
  const chosen = chooseEnvironments(present, choice)
  for (const { key } of chosen) await removeOne(cacheDirectory, key)
  if ('all' in choice) await removeLeftovers(cacheDirectory)
  return chosen
}

function chooseEnvironments(present: CachedEnvironment[], choice: EnvironmentChoice): CachedEnvironment[] {
  if ('all' in choice) return present
  if ('unusedForMs' in choice) return present.filter(({ lastUsedAtMs }) => choice.nowMs - lastUsedAtMs >= choice.unusedForMs)
  return choice.keys.map((text) => {
    const [match, ...others] = present.filter(({ key }) => text !== '' && key.startsWith(text))
    if (!match) throw new AppError('not_found', `There is no environment ${text}; trainyard env ls shows them.`)
    if (others.length > 0)
      throw new AppError('invalid_argument', `${others.length + 1} environments begin with ${text}; give more of the key.`)
    return match
  })
}

async function removeOne(cacheDirectory: string, key: string): Promise<void> {
  await using _lock = await lockBuild(join(cacheDirectory, `${key}.lock`), {})
  const folder = join(cacheDirectory, key)
  const doomed = `${folder}.removed-${randomBytes(4).toString('hex')}`
  try {
    // Out of sight in one step: nobody starts with half of an environment.
    await rename(folder, doomed)
    await rm(doomed, { recursive: true, force: true })
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw storageError(`Cannot remove the environment ${key}`, error)
  }
}

/** Unfinished folders that no builder holds, with their locks. */
async function removeLeftovers(cacheDirectory: string): Promise<void> {
  for (const name of await namesIn(cacheDirectory)) {
    const key = /^([0-9a-f]{24})(?:$|\.removed-)/.exec(name)?.[1]
    if (key === undefined || (await readRecord(join(cacheDirectory, name)))) continue
    await using _lock = await lockBuild(join(cacheDirectory, `${key}.lock`), {})
    if (!(await readRecord(join(cacheDirectory, name)))) await rm(join(cacheDirectory, name), { recursive: true, force: true })
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw storageError(`Cannot read ${folder}`, error)
  }
}
