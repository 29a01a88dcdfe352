import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

/** What to store: bytes in memory, a stream of bytes, or a local file. */
export type ObjectBody =
  | Uint8Array
  | AsyncIterable<Uint8Array>
  /** With `move` the local file is gone afterwards: renamed into place where that is possible, else copied and removed. */
  | { path: string; move?: boolean }

export interface ObjectInfo {
  key: string
  /** Absent only where a web server does not tell. */
  sizeBytes?: number
  modifiedAtMs?: number
  /** Lowercase hex, where the store keeps it: bytes and files always, on local disks never. */
  sha256?: string
  /** Changes whenever the content does. */
  etag?: string
}

export interface StoredObject {
  sizeBytes: number
  /** Lowercase hex, computed from the bytes as they went by. */
  sha256: string
}

export interface ObjectContent {
  /** The asked-for bytes. Destroy it, or read it to its end. */
  stream: Readable
  /** About the whole object, whatever the range. */
  info: ObjectInfo
}

export interface ObjectPage {
  objects: ObjectInfo[]
  /** With a delimiter: what would be folders, each ending in the delimiter. */
  prefixes: string[]
  /** Give it back as `cursor` for the next page; null at the end. */
  next: string | null
}

export interface Cancellable {
  signal?: AbortSignal
}

export interface PutOptions extends Cancellable {
  contentType?: string
  /** Known beforehand. The upload fails with `storage` when the bytes turn out different; stores keep it beside streamed objects. */
  sha256?: string
  onProgress?: (doneBytes: number) => void
  /** Nobody else looks at the pieces of a streamed body: once stored, a store may give their memory back, which empties them. */
  ownsPieces?: boolean
}

export interface GetOptions extends Cancellable {
  /** Default 0. An offset at or past the end gives an empty stream. */
  offset?: number
  /** Default: to the end. */
  lengthBytes?: number
}

export interface ListOptions extends Cancellable {
  /** Keys that begin with this text. Default: all. */
  prefix?: string
  delimiter?: '/'
  cursor?: string
  /** Most entries in a page, at most and by default 1,000. */
  limit?: number
}

/**
 * Blobs under keys. A key is a relative path with `/` between its parts; parts are not empty, `.` or `..`, and the whole is at most
 * 1,024 bytes of UTF-8 (`invalid_argument` otherwise). Errors are `AppError`s with one sentence: `not_found`, `permission_denied`,
 * `unavailable` (trying again may help), `storage` (disk full, damaged), `aborted` (the signal), `failed_precondition` (a read-only
 * store, a missing package).
 */
export interface ObjectStore {
  readonly writable: boolean
  /** The full address of a key, as `openObject` takes it. */
  urlOf(key: string): string
  /** Atomic: readers see the old object or the new one, never a part. Overwrites. Durable when it resolves. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<StoredObject>
  /** Like `put`, but null, with nothing stored, when the key exists. Of several at once exactly one stores. */
  putIfAbsent?(key: string, body: ObjectBody, options?: PutOptions): Promise<StoredObject | null>
  /** `not_found` when missing. A connection lost midway is taken up again where it broke. */
  get(key: string, options?: GetOptions): Promise<ObjectContent>
  /** The object as an open file, where it is one on this machine; whoever asks closes it. `not_found` when missing. */
  openFile?(key: string): Promise<FileHandle>
  /** Undefined when missing. */
  head(key: string, options?: Cancellable): Promise<ObjectInfo | undefined>
  /** One page, in order of the keys' UTF-8 bytes. */
  list(options?: ListOptions): Promise<ObjectPage>
  /** Idempotent: a missing key is fine. */
  delete(key: string, options?: Cancellable): Promise<void>
  /** Inside the store, without the bytes travelling through this process. Atomic as `put`. */
  copy?(fromKey: string, toKey: string, options?: Cancellable): Promise<void>
}

/** All objects below a prefix, page after page. */
export async function* listAll(
  store: ObjectStore,
  options: Omit<ListOptions, 'cursor' | 'delimiter'> = {},
): AsyncGenerator<ObjectInfo> {
  let cursor: string | undefined
  do {
    const page: ObjectPage = await store.list(cursor === undefined ? options : { ...options, cursor })
    yield* page.objects
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}
