import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemErrorCode } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { hashFile } from './body.ts'
import { hashDirectory, hashObject, hashStoredDirectory, uploadDirectory } from './directory.ts'
import { fileError, isMissing } from './file-place.ts'
import { type Cancellable, listAll, type StoredObject } from './object-store.ts'
import { parseObjectUrl } from './object-url.ts'
import { type ObjectContext, openObject, openObjectStore } from './open-store.ts'

/** Files and folders at paths or URLs, whatever store they lie in. */
export interface Places {
  /**
   * Moves a local file or folder to `target`: a rename on one file system, an upload elsewhere; the local bytes are gone
   * afterwards. Done again after a crash it finds the bytes at the target. `not_found` when they are at neither place.
   */
  moveIn(local: string, target: string, options?: Cancellable): Promise<StoredObject>
  /** Size, and SHA-256 where the store keeps it or the bytes are local. Empty when there is nothing to tell. */
  describe(target: string, options?: Cancellable): Promise<Partial<StoredObject>>
  /** Removes an object, or all objects below a folder. Idempotent; resolves to the bytes freed. */
  remove(target: string, options?: Cancellable): Promise<number>
}

export function createPlaces(context: ObjectContext): Places {
  return {
    async moveIn(local, target, options = {}) {
      const kind = await kindOf(local)
      if (kind === 'folder') return moveFolder(local, target, context, options)
      const { store, key } = await openObject(target, context)
      if (kind === 'other') return store.put(key, { path: local, move: true }, options)
      const info = await store.head(key, options)
      const present = info
        ? await hashObject(store, key, options)
        : await hashStoredDirectory(await openObjectStore(target, context), options)
      if (!present) throw new AppError('not_found', `Cannot store ${target}: ${local} does not exist.`)
      return { sizeBytes: present.sizeBytes, sha256: present.sha256 }
    },
    async describe(target, options = {}) {
      const url = parseObjectUrl(target, context)
      if (url.scheme === 'file') return describeLocal(url.path, options)
      const { store, key } = await openObject(target, context)
      const info = await store.head(key, options)
      return {
        ...(info?.sizeBytes === undefined ? {} : { sizeBytes: info.sizeBytes }),
        ...(info?.sha256 ? { sha256: info.sha256 } : {}),
      }
    },
    async remove(target, options = {}) {
      const object = await openObject(target, context)
      const info = await object.store.head(object.key, options)
      if (info) {
        await object.store.delete(object.key, options)
        return info.sizeBytes ?? 0
      }
      const store = await openObjectStore(target, context)
      let freedBytes = 0
      for await (const { key, sizeBytes } of listAll(store, options)) {
        await store.delete(key, options)
        freedBytes += sizeBytes ?? 0
      }
      return freedBytes
    },
  }
}

async function moveFolder(local: string, target: string, context: ObjectContext, options: Cancellable): Promise<StoredObject> {
  const url = parseObjectUrl(target, context)
  const renamed = url.scheme === 'file' ? await renameFolder(local, url.path, options) : undefined
  if (renamed) return renamed
  const stored = await uploadDirectory(await openObjectStore(target, context), '', local, options)
  // Gone in one step, so that doing it again after a crash never sees half of a folder.
  const done = `${local}.stored-${randomBytes(4).toString('hex')}`
  await rename(local, done)
  await rm(done, { recursive: true, force: true })
  return { sizeBytes: stored.sizeBytes, sha256: stored.sha256 }
}

/** Undefined when the files have to be copied: another file system, links among them, or something at the target already. */
async function renameFolder(local: string, target: string, options: Cancellable): Promise<StoredObject | undefined> {
  for (const entry of await readdir(local, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() && !entry.isDirectory()) return undefined
  }
  const { sizeBytes, sha256 } = await hashDirectory(local, options)
  try {
    await makeFolder(dirname(target))
    await rename(local, target)
    return { sizeBytes, sha256 }
  } catch (error) {
    const code = systemErrorCode(error) ?? ''
    if (['EXDEV', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return undefined
    throw fileError(`Cannot write ${target}`, error)
  }
}

async function describeLocal(path: string, options: Cancellable): Promise<Partial<StoredObject>> {
  const kind = await kindOf(path)
  if (kind === 'missing') return {}
  const { sizeBytes, sha256 } = kind === 'folder' ? await hashDirectory(path, options) : await hashFile(path, options)
  return { sizeBytes, sha256 }
}

async function kindOf(path: string): Promise<'missing' | 'folder' | 'other'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other'
  } catch (error) {
    if (isMissing(error)) return 'missing'
    throw fileError(`Cannot reach ${path}`, error)
  }
}
