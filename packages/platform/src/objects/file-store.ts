import { lstat, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { AppError } from '@trainyard/contract'
import { openLocalFile } from './body.ts'
import { pageLimit, resolveRange } from './byte-range.ts'
import { throwIfAborted } from './cancel.ts'
import { listFiles } from './file-listing.ts'
import { createFilePlace, fileError, isMissing } from './file-place.ts'
import { createFileWriter } from './file-writing.ts'
import type { ObjectInfo, ObjectStore } from './object-store.ts'

/**
 * Objects as files below a root folder, which is made with the first object. Nothing outside of the root is read or written: a
 * link on the way that leads out is refused, and a link in the place of an object is not an object. Folders, named pipes and
 * devices are not objects either.
 */
export function createFileStore(options: { root: string }): ObjectStore {
  const root = resolve(options.root)
  const place = createFilePlace(root)
  const writer = createFileWriter(place)

  const infoAt = async (key: string): Promise<{ path: string; info: ObjectInfo } | undefined> => {
    const path = await place.find(key)
    if (path === undefined) return undefined
    try {
      const stats = await lstat(path)
      if (!stats.isFile()) return undefined
      return {
        path,
        info: { key, sizeBytes: stats.size, modifiedAtMs: stats.mtimeMs, etag: `${stats.ino}-${stats.size}-${stats.mtimeMs}` },
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw fileError(`Cannot reach "${key}"`, error)
    }
  }
  const find = async (key: string): Promise<{ path: string; info: ObjectInfo }> => {
    const found = await infoAt(key)
    if (!found) throw new AppError('not_found', `There is no file "${key}".`)
    return found
  }

  return {
    writable: true,
    urlOf: (key) => pathToFileURL(place.pathOf(key)).href,
    async put(key, body, put = {}) {
      const stored = await writer.write(key, body, put, false)
      if (!stored) throw new AppError('internal', `Nothing was stored for "${key}".`)
      return stored
    },
    putIfAbsent: (key, body, put = {}) => writer.write(key, body, put, true),
    async get(key, get = {}) {
      throwIfAborted(get.signal, `Reading "${key}"`)
      resolveRange(get)
      const { path, info } = await find(key)
      const { handle, sizeBytes } = await openLocalFile(path, `"${key}"`)
      const range = resolveRange(get, sizeBytes)
      if (range.offset === range.end) {
        await handle.close()
        return { info: { ...info, sizeBytes }, stream: Readable.from([]) }
      }
      const stream = handle.createReadStream({
        start: range.offset,
        end: range.end - 1,
        // Each piece waits for a thread: ten times for 10 MB.
        highWaterMark: 1024 * 1024,
        ...(get.signal ? { signal: get.signal } : {}),
      })
      return { info: { ...info, sizeBytes }, stream }
    },
    openFile: async (key) => (await openLocalFile((await find(key)).path, `"${key}"`)).handle,
    head: async (key) => (await infoAt(key))?.info,
    list: (list = {}) => listFiles(root, { ...list, limit: pageLimit(list) }),
    async delete(key) {
      const path = await place.find(key)
      if (path === undefined) return
      try {
        const stats = await lstat(path)
        if (stats.isDirectory()) return
        await unlink(path)
      } catch (error) {
        if (isMissing(error)) return
        throw fileError(`Cannot delete "${key}"`, error)
      }
      await place.prune(path)
    },
    async copy(fromKey, toKey) {
      await writer.copy((await find(fromKey)).path, toKey)
    },
  }
}
