import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AppError } from '@trainyard/contract'
import { BodyMeter } from './body.ts'
import { pageLimit, resolveRange } from './byte-range.ts'
import { throwIfAborted } from './cancel.ts'
import { checkObjectKey } from './object-key.ts'
import { pageOf } from './listing.ts'
import type { ObjectBody, ObjectInfo, ObjectStore, PutOptions, StoredObject } from './object-store.ts'

interface MemoryObject extends StoredObject {
  bytes: Buffer
  modifiedAtMs: number
}

/** Objects of this process alone, for tests and previews. */
export function createMemoryStore(options: { name?: string; now?: () => number } = {}): ObjectStore {
  const { name = 'memory', now = Date.now } = options
  const objects = new Map<string, MemoryObject>()

  const read = async (key: string, body: ObjectBody, put: PutOptions): Promise<MemoryObject> => {
    const meter = new BodyMeter(`Storing "${key}"`, put)
    const chunks: Uint8Array[] = []
    for await (const chunk of meter.through(body)) chunks.push(chunk)
    const stored = { ...meter.finish(), bytes: Buffer.concat(chunks), modifiedAtMs: now() }
    if ('path' in body && body.move) await rm(body.path)
    return stored
  }
  const infoOf = (key: string, { sizeBytes, sha256, modifiedAtMs }: MemoryObject): ObjectInfo => ({
    key,
    sizeBytes,
    sha256,
    modifiedAtMs,
    etag: sha256,
  })
  const find = (key: string): MemoryObject => {
    const found = objects.get(checkObjectKey(key))
    if (!found) throw new AppError('not_found', `There is no object memory://${name}/${key}.`)
    return found
  }

  return {
    writable: true,
    urlOf: (key) => `memory://${name}/${key}`,
    async put(key, body, put = {}) {
      const stored = await read(checkObjectKey(key), body, put)
      objects.set(key, stored)
      return { sizeBytes: stored.sizeBytes, sha256: stored.sha256 }
    },
    async putIfAbsent(key, body, put = {}) {
      if (objects.has(checkObjectKey(key))) return null
      const stored = await read(key, body, put)
      if (objects.has(key)) return null
      objects.set(key, stored)
      return { sizeBytes: stored.sizeBytes, sha256: stored.sha256 }
    },
    async get(key, get = {}) {
      const found = find(key)
      throwIfAborted(get.signal, `Reading "${key}"`)
      const range = resolveRange(get, found.sizeBytes)
      return {
        info: infoOf(key, found),
        stream: Readable.from([found.bytes.subarray(range.offset, range.end)], { objectMode: false }),
      }
    },
    async head(key) {
      const found = objects.get(checkObjectKey(key))
      return found && infoOf(key, found)
    },
    async list(list = {}) {
      throwIfAborted(list.signal, 'Listing')
      const limit = pageLimit(list)
      const infos = [...objects].map(([key, found]) => infoOf(key, found))
      return pageOf(infos, { ...list, limit })
    },
    async delete(key) {
      objects.delete(checkObjectKey(key))
    },
    async copy(fromKey, toKey) {
      objects.set(checkObjectKey(toKey), { ...find(fromKey), modifiedAtMs: now() })
    },
  }
}
