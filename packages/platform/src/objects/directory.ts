import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { BodyMeter, hashFile } from './body.ts'
import { throwIfAborted } from './cancel.ts'
import { fileError } from './file-place.ts'
import { compareKeys, joinKey } from './object-key.ts'
import { type Cancellable, listAll, type ObjectStore, type StoredObject } from './object-store.ts'
import { downloadObject } from './transfer.ts'

export interface StoredDirectory extends StoredObject {
  /** `sha256` is that of the sorted lines `<sha256 of the file>  <relative path>`: equal folders have equal hashes, anywhere. */
  fileCount: number
}

export interface DirectoryOptions extends Cancellable {
  /** Bytes over all files. */
  onProgress?: (done: { doneBytes: number; totalBytes?: number; fileCount: number }) => void
}

/** Relative paths (`/` between parts) of the files below a folder, sorted as keys are. Links are followed; what is no file or folder is refused. */
export async function listLocalFiles(folder: string, options: Cancellable = {}): Promise<{ path: string; sizeBytes: number }[]> {
  const files: { path: string; sizeBytes: number }[] = []
  const walk = async (relative: string, above: readonly string[]): Promise<void> => {
    throwIfAborted(options.signal, `Reading ${folder}`)
    const path = join(folder, relative)
    const real = await realpath(path)
    if (above.includes(real))
      throw new AppError('invalid_argument', `Cannot store ${folder}: the link ${relative} leads back to a folder above it.`)
    for (const name of await readdir(path)) {
      const child = relative === '' ? name : `${relative}/${name}`
      const stats = await stat(join(folder, child))
      if (stats.isDirectory()) await walk(child, [...above, real])
      else if (stats.isFile()) files.push({ path: child, sizeBytes: stats.size })
      else throw new AppError('invalid_argument', `Cannot store ${folder}: ${child} is neither a file nor a folder.`)
    }
  }
  try {
    await walk('', [])
  } catch (error) {
    throw fileError(`Cannot read the folder ${folder}`, error)
  }
  return files.sort((left, right) => compareKeys(left.path, right.path))
}

/** Stores every file of a local folder below `prefix`. Doing it again is harmless. */
export async function uploadDirectory(
  store: ObjectStore,
  prefix: string,
  folder: string,
  options: DirectoryOptions = {},
): Promise<StoredDirectory> {
  const { signal } = options
  const files = await listLocalFiles(folder, options)
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const listing = createListing()
  for (const file of files) {
    const doneBefore = listing.sizeBytes()
    const stored = await store.put(
      joinKey(prefix, file.path),
      { path: join(folder, file.path) },
      {
        ...(signal ? { signal } : {}),
        onProgress: (done) => options.onProgress?.({ doneBytes: doneBefore + done, totalBytes, fileCount: listing.count() }),
      },
    )
    listing.add(file.path, stored)
  }
  return listing.finish()
}

/** Size and hash of the objects of a store, as `uploadDirectory` gave them; undefined when there are none. */
export async function hashStoredDirectory(store: ObjectStore, options: Cancellable = {}): Promise<StoredDirectory | undefined> {
  const listing = createListing()
  for await (const { key } of listAll(store, options)) listing.add(key, await hashObject(store, key, options))
  return listing.count() === 0 ? undefined : listing.finish()
}

/** Size and SHA-256 of an object: what the store keeps, else from its bytes. */
export async function hashObject(store: ObjectStore, key: string, options: Cancellable = {}): Promise<StoredObject> {
  const info = await store.head(key, options)
  if (info?.sha256 && info.sizeBytes !== undefined) return { sizeBytes: info.sizeBytes, sha256: info.sha256 }
  const meter = new BodyMeter(`Reading ${store.urlOf(key)}`, options)
  for await (const _ of meter.through((await store.get(key, options)).stream));
  return meter.finish()
}

/** Writes every object below `prefix` into a local folder, each file whole or not at all. `not_found` when there is none. */
export async function downloadDirectory(
  store: ObjectStore,
  prefix: string,
  folder: string,
  options: DirectoryOptions = {},
): Promise<StoredDirectory> {
  const { signal } = options
  const listing = createListing()
  const base = prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/`
  for await (const { key } of listAll(store, { prefix: base, ...(signal ? { signal } : {}) })) {
    const relative = key.slice(base.length)
    const doneBefore = listing.sizeBytes()
    const stored = await downloadObject({ store, key }, join(folder, ...relative.split('/')), {
      ...(signal ? { signal } : {}),
      onProgress: ({ doneBytes }) => options.onProgress?.({ doneBytes: doneBefore + doneBytes, fileCount: listing.count() }),
    })
    listing.add(relative, stored)
  }
  if (listing.count() === 0)
    throw new AppError('not_found', `There is no object below ${base === '' ? 'the given address' : base}.`)
  return listing.finish()
}

/** Size and hash of a local folder, the same as storing it gives. */
export async function hashDirectory(folder: string, options: Cancellable = {}): Promise<StoredDirectory> {
  const listing = createListing()
  for (const file of await listLocalFiles(folder, options))
    listing.add(file.path, await hashFile(join(folder, file.path), options))
  return listing.finish()
}

function createListing(): {
  add(path: string, stored: StoredObject): void
  sizeBytes(): number
  count(): number
  finish(): StoredDirectory
} {
  const lines: { path: string; sha256: string }[] = []
  let sizeBytes = 0
  return {
    add(path, stored) {
      lines.push({ path, sha256: stored.sha256 })
      sizeBytes += stored.sizeBytes
    },
    sizeBytes: () => sizeBytes,
    count: () => lines.length,
    finish() {
      const hash = createHash('sha256')
      for (const { path, sha256 } of lines.sort((left, right) => compareKeys(left.path, right.path)))
        hash.update(`${sha256}  ${path}\n`)
      return { sizeBytes, sha256: hash.digest('hex'), fileCount: lines.length }
    },
  }
}
