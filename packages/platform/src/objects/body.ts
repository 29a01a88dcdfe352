import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '@trainyard/contract'
import { systemErrorCode, systemReason } from '../base/errors.ts'
import { throwIfAborted, untilAborted } from './cancel.ts'
import type { ObjectBody, ObjectStore, PutOptions, StoredObject } from './object-store.ts'

export type LocalFile = Extract<ObjectBody, { path: string }>

export const isLocalFile = (body: ObjectBody): body is LocalFile => 'path' in body && typeof body.path === 'string'

const chunkBytes = 256 * 1024

/** Opens a regular file for reading. Anything else (folder, named pipe, device) is refused at once, never waited for. Errors call it by `name`. */
export async function openLocalFile(
  path: string,
  name = path,
): Promise<{ handle: FileHandle; sizeBytes: number; modifiedAtMs: number }> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK the open itself waits until somebody writes into a named pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENXIO') throw notRegular(name, 'a socket')
    const missing = code === 'ENOENT' || code === 'ENOTDIR'
    throw new AppError(
      missing ? 'not_found' : code === 'EACCES' ? 'permission_denied' : 'storage',
      `Cannot read ${name}: ${systemReason(error)}.`,
      {
        cause: error,
      },
    )
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw notRegular(name, stats.isDirectory() ? 'a folder' : stats.isFIFO() ? 'a named pipe' : 'a device')
    return { handle, sizeBytes: stats.size, modifiedAtMs: stats.mtimeMs }
  } catch (error) {
    await handle.close()
    throw error
  }
}

const notRegular = (name: string, what: string): AppError =>
  new AppError('invalid_argument', `Cannot read ${name}: it is ${what}, not a regular file.`)

/** The bytes of any body, in pieces. */
export async function* bodyChunks(body: ObjectBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    if (body.byteLength > 0) yield body
  } else if (isLocalFile(body)) {
    const { handle } = await openLocalFile(body.path)
    yield* handle.createReadStream({ highWaterMark: chunkBytes })
  } else {
    yield* body
  }
}

/** Counts and hashes what passes, checks it against what was promised, and reports progress. */
export class BodyMeter {
  sizeBytes = 0
  readonly #hash: Hash = createHash('sha256')
  readonly #options: PutOptions
  readonly #what: string

  constructor(what: string, options: PutOptions) {
    this.#what = what
    this.#options = options
  }

  add(chunk: Uint8Array): void {
    throwIfAborted(this.#options.signal, this.#what)
    this.sizeBytes += chunk.byteLength
    this.#hash.update(chunk)
    this.#options.onProgress?.(this.sizeBytes)
  }

  async *through(body: ObjectBody): AsyncGenerator<Uint8Array> {
    for await (const chunk of untilAborted(bodyChunks(body), this.#options.signal, this.#what)) {
      this.add(chunk)
      yield chunk
    }
    throwIfAborted(this.#options.signal, this.#what)
  }

  /** Call once, after the last byte and before the object becomes visible. */
  finish(): StoredObject {
    const sha256 = this.#hash.digest('hex')
    const expected = this.#options.sha256
    if (expected !== undefined && expected !== sha256) {
      throw new AppError('storage', `${this.#what} failed: the bytes have SHA-256 ${sha256}, not the expected ${expected}.`)
    }
    return { sizeBytes: this.sizeBytes, sha256 }
  }
}

/** Size and SHA-256 of a local file, read once in a stream. */
export async function hashFile(path: string, options: { signal?: AbortSignal } = {}): Promise<StoredObject> {
  const meter = new BodyMeter(`Reading ${path}`, options)
  for await (const _ of meter.through({ path }));
  return meter.finish()
}

/** SHA-256 of an object: as its store keeps it, else of the bytes, read once in a stream. `not_found` when missing. */
export async function objectHash(store: ObjectStore, key: string): Promise<string> {
  const kept = (await store.head(key))?.sha256
  if (kept !== undefined) return kept
  const meter = new BodyMeter(`Reading ${store.urlOf(key)}`, {})
  for await (const _ of meter.through((await store.get(key)).stream));
  return meter.finish().sha256
}

/** Reads the beginning of a body: everything when it fits into `limitBytes`, else what was read and the rest. */
export async function readAhead(
  body: ObjectBody,
  limitBytes: number,
): Promise<{ whole: true; bytes: Buffer } | { whole: false; chunks: AsyncGenerator<Uint8Array> }> {
  if (body instanceof Uint8Array && body.byteLength <= limitBytes) {
    return { whole: true, bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }
  }
  const source = bodyChunks(body)
  const head: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { value, done } = await source.next()
    if (done) return { whole: true, bytes: Buffer.concat(head) }
    head.push(value)
    size += value.byteLength
    if (size > limitBytes) break
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* head
    yield* source
  }
  return { whole: false, chunks: chunks() }
}
