import { realpath, rmdir } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemErrorCode, systemReason } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { checkObjectKey } from './object-key.ts'

/** Where keys lie below a root folder, and the guarantee that nothing outside it is touched through a symbolic link. */
export interface FilePlace {
  readonly root: string
  pathOf(key: string): string
  /** The path, once its folder is known to lie in the root; undefined when that folder is missing. */
  find(key: string): Promise<string | undefined>
  /** The same, making the folder. Throws system errors as they are: `ENOENT` when a folder was removed meanwhile, see `retryMissingFolder`. */
  prepare(key: string): Promise<string>
  /** Removes folders above a deleted file that are empty now, up to the root. */
  prune(path: string): Promise<void>
}

const longestNameBytes = 255

export function createFilePlace(root: string): FilePlace {
  let realRoot: string | undefined
  const pathOf = (key: string): string => {
    const parts = checkObjectKey(key).split('/')
    const long = parts.find((part) => Buffer.byteLength(part) > longestNameBytes)
    if (long !== undefined) {
      throw new AppError(
        'invalid_argument',
        `The object key has a part of ${Buffer.byteLength(long)} bytes ("${long.slice(0, 40)}..."); file systems allow ${longestNameBytes}.`,
      )
    }
    return join(root, ...parts)
  }
  /** Resolves every link on the way; only the last part of a path may be a link, and it is never followed. */
  const inside = async (path: string, key: string): Promise<string> => {
    realRoot ??= await realpath(root)
    const folder = await realpath(dirname(path))
    if (folder !== realRoot && !folder.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
      throw new AppError(
        'permission_denied',
        `The object "${key}" lies outside of its store: a folder on its way is a link that leads out.`,
      )
    }
    return path
  }
  return {
    root,
    pathOf,
    async find(key) {
      const path = pathOf(key)
      try {
        return await inside(path, key)
      } catch (error) {
        if (isMissing(error)) return undefined
        throw fileError(`Cannot reach "${key}"`, error)
      }
    },
    async prepare(key) {
      const path = pathOf(key)
      await makeFolder(root)
      await inside(await deepestExisting(root, path), key)
      await makeFolder(dirname(path))
      return inside(path, key)
    },
    async prune(path) {
      for (let folder = dirname(path); folder !== root && folder.startsWith(root); folder = dirname(folder)) {
        try {
          await rmdir(folder)
        } catch {
          // Not empty, in use, or removed by somebody else: leaving it is right in each case.
          return
        }
      }
    },
  }
}

/** Repeats work that found its folder gone: a delete beside us removes folders that are empty, also one made a moment ago. */
export async function retryMissingFolder<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isMissing(error) || attempt === 20) throw error
    }
  }
}

/** A path whose folder exists and is the deepest existing one above `path`, so that links are checked before folders are made. */
async function deepestExisting(root: string, path: string): Promise<string> {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    if (dirname(candidate) === root) return candidate
    try {
      await realpath(dirname(candidate))
      return candidate
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
}

export const isMissing = (error: unknown): boolean => systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR'

/** Turns a failed system call into an `AppError` and leaves `AppError`s as they are. Its sentence names the key, never where it lies: others may read it. */
export function fileError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = systemErrorCode(error)
  if (code === 'ENAMETOOLONG') return new AppError('invalid_argument', `${what}: ${systemReason(error)}.`, { cause: error })
  if (code === 'EACCES' || code === 'EPERM')
    return new AppError('permission_denied', `${what}: ${systemReason(error)}.`, { cause: error })
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new AppError(
      'failed_precondition',
      `${what}: ${code === 'EISDIR' ? 'a folder lies there' : 'a part of its path is a file'}.`,
      { cause: error },
    )
  }
  // What Node itself says ends with the call and its paths.
  const reason = systemReason(error).replace(/, \w+ '[^]*$/, '')
  return new AppError('storage', `${what}: ${reason}.`, { cause: error })
}
