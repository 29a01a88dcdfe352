import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../../base/errors.ts'
import { guardedFetch } from '../../base/guarded-fetch.ts'
import { downloadObject, hashFile, type ObjectContext, openObject } from '../../objects/index.ts'
import { isArchiveName, unpackArchive } from './archive.ts'
import { fetchGit, parseGitSource } from './git.ts'

export interface SourceOptions {
  /** How addresses are opened, and from where relative paths count. */
  objects: ObjectContext
  /** Fetched code is kept below it, by its content. */
  cacheFolder: string
  /** Whether folders and files of this machine may be named: not by others, over the network. */
  allowLocal: boolean
  /** Whether this machine and private networks may be asked, also without encryption: not for others, over the network. */
  allowPrivate: boolean
  environment: Readonly<Record<string, string | undefined>>
  onNote?: (line: string) => void
  signal: AbortSignal
}

export interface FetchedSource {
  /** Where the code lies. The user's own folder, or one that is shared and must not be written to. */
  folder: string
  /** The only file, where the source is one. */
  file?: string
  /** What was fetched, for the record: a commit, or the hash of an archive. */
  revision?: string
}

/**
 * The code behind an address: a folder or file of this machine, a repository, or an archive or file at any address that objects have.
 * Fetched once for each content. `invalid_argument` says what is wrong with it.
 */
export async function fetchSource(source: string, options: SourceOptions): Promise<FetchedSource> {
  const repository = parseGitSource(source)
  if (repository) {
    const { folder, commit } = await fetchGit(repository, options)
    return { folder: inside(folder, repository.folder ?? '.', `the repository ${repository.url}`), revision: commit }
  }
  const isRemote = /^[a-z][a-z0-9+.-]+:\/\//i.test(source) && !source.startsWith('file://')
  const path = resolve(options.objects.workingDirectory, source.replace(/^file:\/\//, ''))
  if (!isRemote && !options.allowLocal && !isPackedHere(path, options))
    throw new AppError(
      'invalid_argument',
      `The source ${source.slice(0, 120)} is a path of a machine; name a Git repository, an archive at an address, or send the code itself.`,
    )
  if (isRemote) return await fetchRemote(source, options)
  return await takeLocal(path, options)
}

/** What a build packed: the name of the function's content, beside what was fetched. */
const isPackedHere = (path: string, { cacheFolder }: SourceOptions): boolean =>
  dirname(path) === resolve(cacheFolder) && /^source-[0-9a-f]{24}\.tar\.gz$/.test(basename(path))

async function takeLocal(path: string, options: SourceOptions): Promise<FetchedSource> {
  const status = await stat(path).catch((error: unknown) => {
    throw new AppError('invalid_argument', `There is no source ${path}: ${systemReason(error)}.`, { cause: error })
  })
  if (status.isDirectory()) return { folder: path }
  if (isArchiveName(path)) return await unpackCached(path, path, options)
  return { folder: resolve(path, '..'), file: path }
}

async function fetchRemote(source: string, options: SourceOptions): Promise<FetchedSource> {
  const address = await openObject(source, options.allowPrivate ? options.objects : { ...options.objects, fetch: guardedFetch })
  await mkdir(options.cacheFolder, { recursive: true })
  const fresh = await mkdtemp(join(options.cacheFolder, 'fetching-'))
  try {
    const name = basename(new URL(source).pathname) || 'code'
    const path = join(fresh, name)
    options.onNote?.(`fetching ${source}`)
    await downloadObject(address, path, { signal: options.signal })
    if (isArchiveName(name)) return await unpackCached(path, source, options)
    const { sha256 } = await hashFile(path)
    const folder = join(options.cacheFolder, `file-${sha256.slice(0, 24)}`)
    await mkdir(folder, { recursive: true })
    // Moved, not copied: whoever finds the file finds all of it, also after a crash.
    if (!existsSync(join(folder, name))) await rename(path, join(folder, name))
    return { folder, file: join(folder, name), revision: sha256 }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function unpackCached(path: string, source: string, options: SourceOptions): Promise<FetchedSource> {
  const { sha256 } = await hashFile(path)
  const folder = join(options.cacheFolder, `archive-${sha256.slice(0, 24)}`)
  if (existsSync(folder)) return { folder, revision: sha256 }
  await mkdir(options.cacheFolder, { recursive: true })
  const fresh = await mkdtemp(join(options.cacheFolder, 'unpacking-'))
  try {
    await unpackArchive(path, fresh, undefined, source)
    await rename(fresh, folder).catch((error: unknown) => {
      // Somebody else was faster with the same.
      if (!existsSync(folder)) throw error
    })
    return { folder, revision: sha256 }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** A path within a folder; refuses what leads out of it, also by links. */
export function inside(folder: string, path: string, what: string): string {
  const target = resolve(folder, path)
  const out = new AppError('invalid_argument', `${path} leads out of ${what}.`)
  if (isAbsolute(path) || (target !== folder && !target.startsWith(folder + sep))) throw out
  if (!existsSync(target)) throw new AppError('invalid_argument', `There is no ${path} in ${what}.`)
  const [real, root] = [realpathSync(target), realpathSync(folder)]
  if (real !== root && !real.startsWith(root + sep)) throw out
  return target
}

/** A short name for some text, by its content. */
export const contentName = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24)

export const readCode = async (path: string): Promise<string> => {
  const largest = 2 * 1024 * 1024
  const { size } = await stat(path)
  if (size > largest)
    throw new AppError(
      'invalid_argument',
      `${path} is larger than 2 MiB, which no code is; name its folder as the source instead.`,
    )
  return await readFile(path, 'utf8')
}
