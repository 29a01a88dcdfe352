import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from './cancel.ts'
import { fileError, isMissing } from './file-place.ts'
import { partialPrefix } from './file-writing.ts'
import { createPage } from './listing.ts'
import { compareKeys } from './object-key.ts'
import type { ObjectInfo, ObjectPage } from './object-store.ts'

interface FileListing {
  prefix?: string
  delimiter?: '/'
  cursor?: string
  limit: number
  signal?: AbortSignal
}

/** One page of the files below `root`. Reads folders in order and only those that the page can need. */
export async function listFiles(root: string, request: FileListing): Promise<ObjectPage> {
  const page = createPage(request)
  const prefix = request.prefix ?? ''
  const folderKey = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const source = request.delimiter ? entriesOf(root, folderKey, request) : filesBelow(root, folderKey, request)
  for await (const key of source) {
    // What a delimiter folds into a prefix needs no size.
    const info = request.delimiter && key.endsWith('/') ? { key } : await infoOf(root, key)
    if (info && !page.offer(info)) break
  }
  return page.finish()
}

/** Keys of the files and, ending in `/`, of the folders with at least one file in them, directly in one folder. */
async function* entriesOf(root: string, folderKey: string, request: FileListing): AsyncGenerator<string> {
  for (const entry of await sortedEntries(root, folderKey, request.signal)) {
    const key = folderKey + entry.name
    if (!key.startsWith(request.prefix ?? '')) continue
    if (!entry.isDirectory()) yield key
    else if (await holdsFile(root, `${key}/`, request.signal)) yield `${key}/`
  }
}

async function holdsFile(root: string, folderKey: string, signal: AbortSignal | undefined): Promise<boolean> {
  for await (const _ of filesBelow(root, folderKey, { limit: 1, ...(signal ? { signal } : {}) })) return true
  return false
}

async function* filesBelow(root: string, folderKey: string, request: FileListing): AsyncGenerator<string> {
  const { prefix = '', cursor, signal } = request
  for (const entry of await sortedEntries(root, folderKey, signal)) {
    const key = folderKey + entry.name
    if (!entry.isDirectory()) {
      if (key.startsWith(prefix)) yield key
      continue
    }
    const below = `${key}/`
    const isBefore = cursor !== undefined && compareKeys(below, cursor) < 0 && !cursor.startsWith(below)
    if (!isBefore && (below.startsWith(prefix) || prefix.startsWith(below))) yield* filesBelow(root, below, request)
  }
}

/** Regular files and folders in the order of their keys, in which a folder counts with its `/`. */
async function sortedEntries(root: string, folderKey: string, signal: AbortSignal | undefined): Promise<Dirent[]> {
  throwIfAborted(signal, `Listing ${root}`)
  const folder = join(root, folderKey)
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const orderName = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name)
    return entries
      .filter((entry) => entry.isDirectory() || (entry.isFile() && !entry.name.startsWith(partialPrefix)))
      .sort((left, right) => compareKeys(orderName(left), orderName(right)))
  } catch (error) {
    if (isMissing(error)) return []
    throw fileError(`Cannot list "${folderKey}"`, error)
  }
}

/** Undefined when the file went away meanwhile. */
async function infoOf(root: string, key: string): Promise<ObjectInfo | undefined> {
  try {
    const stats = await lstat(join(root, key))
    return { key, sizeBytes: stats.size, modifiedAtMs: stats.mtimeMs }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(`Cannot list "${key}"`, error)
  }
}
