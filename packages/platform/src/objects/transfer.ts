import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BodyMeter } from './body.ts'
import { untilAborted } from './cancel.ts'
import { fileError } from './file-place.ts'
import type { Cancellable, ObjectStore, StoredObject } from './object-store.ts'
import type { ObjectAddress } from './open-store.ts'
import { claimPartial } from './partial-download.ts'

export interface TransferProgress {
  doneBytes: number
  /** Absent where the source does not tell. */
  totalBytes?: number
}

export interface TransferOptions extends Cancellable {
  onProgress?: (progress: TransferProgress) => void
}

/** Copies one object between any two stores, streamed. */
export async function copyObject(from: ObjectAddress, to: ObjectAddress, options: TransferOptions = {}): Promise<StoredObject> {
  const cancel = options.signal ? { signal: options.signal } : {}
  const { info, stream } = await from.store.get(from.key, cancel)
  try {
    return await to.store.put(to.key, stream, {
      ...cancel,
      ...(info.sha256 ? { sha256: info.sha256 } : {}),
      onProgress: (doneBytes) =>
        options.onProgress?.({ doneBytes, ...(info.sizeBytes === undefined ? {} : { totalBytes: info.sizeBytes }) }),
    })
  } finally {
    stream.destroy()
  }
}

/**
 * Writes an object to a local path (folders are made), whole or not at all. What an earlier, killed download of the same content
 * left beside the target is gone on from; a download that fails while the process lives leaves nothing.
 */
export async function downloadObject(from: ObjectAddress, path: string, options: TransferOptions = {}): Promise<StoredObject> {
  const cancel = options.signal ? { signal: options.signal } : {}
  const address = from.store.urlOf(from.key)
  const info = await from.store.head(from.key, cancel)
  const meter = new BodyMeter(`Reading ${address}`, {
    ...cancel,
    ...(info?.sha256 ? { sha256: info.sha256 } : {}),
    onProgress: (doneBytes) =>
      options.onProgress?.({ doneBytes, ...(info?.sizeBytes === undefined ? {} : { totalBytes: info.sizeBytes }) }),
  })
  // Without an etag nobody can tell whether what was left belongs to the same content.
  const identity = JSON.stringify([address, path, info?.etag ?? randomUUID()])
  let partial: string | undefined
  try {
    const claimed = await claimPartial(path, identity)
    partial = claimed.path
    const isUsable = claimed.sizeBytes > 0 && claimed.sizeBytes <= (info?.sizeBytes ?? 0)
    const file = await open(partial, isUsable ? 'r+' : 'w')
    try {
      if (isUsable) for await (const chunk of file.createReadStream({ autoClose: false })) meter.add(chunk as Uint8Array)
      const { stream } = await from.store.get(from.key, { ...cancel, offset: meter.sizeBytes })
      await appendTo(file, stream, meter, options.signal)
    } finally {
      await file.close()
    }
    const stored = meter.finish()
    await rename(partial, path)
    return stored
  } catch (error) {
    if (partial) await rm(partial, { force: true })
    throw fileError(`Cannot write ${path}`, error)
  }
}

async function appendTo(file: FileHandle, stream: Readable, meter: BodyMeter, signal: AbortSignal | undefined): Promise<void> {
  try {
    for await (const chunk of untilAborted<Uint8Array>(stream, signal, 'The download')) {
      const position = meter.sizeBytes
      meter.add(chunk)
      for (let done = 0; done < chunk.byteLength;) {
        done += (await file.write(chunk, done, chunk.byteLength - done, position + done)).bytesWritten
      }
    }
    await file.sync()
  } finally {
    stream.destroy()
  }
}

/** A slice of a store for whoever keeps small blobs, such as chunks of a log. */
export interface ByteStore {
  put(key: string, bytes: Uint8Array): Promise<void>
  /** `not_found` when missing. */
  get(key: string): Promise<Buffer>
}

export const toByteStore = (store: ObjectStore): ByteStore => ({
  async put(key, bytes) {
    await store.put(key, bytes)
  },
  get: async (key) => buffer((await store.get(key)).stream),
})
