import { rm } from 'node:fs/promises'
import { AppError } from '@trainyard/contract'
import { isLocalFile } from './body.ts'
import { throwIfAborted } from './cancel.ts'
import { checkObjectKey, joinKey } from './object-key.ts'
import type {
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectInfo,
  ObjectPage,
  ObjectStore,
  PutOptions,
  StoredObject,
} from './object-store.ts'

/** Where an object of a bucket is. */
export interface BucketPlace {
  /** As the store's users call it. */
  key: string
  /** As the bucket calls it, with the store's prefix. */
  fullKey: string
  /** Its whole address, for sentences. */
  url: string
}

/** What differs between one cloud's buckets and another's. Its functions throw what the cloud's package throws. */
export interface BucketDriver<Connection> {
  /** `s3://name`, without a slash at its end. */
  address: string
  /** A folder in the bucket, without a slash at its end; `''` for all of it. */
  prefix: string
  /** Called once, by the first request. */
  connect(): Promise<Connection>
  /** One sentence that begins with `what`, for whatever was thrown. */
  explain(what: string, error: unknown, signal: AbortSignal | undefined): AppError
  isMissing(error: unknown): boolean
  /** An object that was to be made is there already. */
  isConditionFailed(error: unknown): boolean
  store(
    connection: Connection,
    place: BucketPlace,
    body: ObjectBody,
    put: PutOptions & { ifAbsent: boolean },
  ): Promise<StoredObject>
  open(connection: Connection, place: BucketPlace, get: GetOptions): Promise<ObjectContent>
  head(connection: Connection, place: BucketPlace, signal: AbortSignal | undefined): Promise<ObjectInfo>
  /** `base` is the prefix with a slash at its end, or `''`; keys are given without it. */
  list(connection: Connection, base: string, list: ListOptions): Promise<ObjectPage>
  /** May throw for what is missing. */
  remove(connection: Connection, place: BucketPlace, signal: AbortSignal | undefined): Promise<void>
  copy?(connection: Connection, from: BucketPlace, to: BucketPlace, signal: AbortSignal | undefined): Promise<void>
}

/** The port over one bucket, or a folder in it. */
export function createBucketStore<Connection>(driver: BucketDriver<Connection>): ObjectStore {
  const { address, prefix } = driver
  const placeOf = (key: string): BucketPlace => {
    const fullKey = joinKey(prefix, checkObjectKey(key))
    return { key, fullKey, url: `${address}/${fullKey}` }
  }
  let connecting: Promise<Connection> | undefined
  const run = async <T>(
    what: string,
    signal: AbortSignal | undefined,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal, what)
    try {
      return await work(await (connecting ??= driver.connect()))
    } catch (error) {
      throw driver.explain(what, error, signal)
    }
  }
  const putObject = async (key: string, body: ObjectBody, put: PutOptions & { ifAbsent: boolean }): Promise<StoredObject> => {
    const place = placeOf(key)
    const stored = await run(`Cannot write ${place.url}`, put.signal, (connection) => driver.store(connection, place, body, put))
    if (isLocalFile(body) && body.move) await rm(body.path)
    return stored
  }
  const { copy } = driver
  return {
    writable: true,
    urlOf: (key) => placeOf(key).url,
    put: async (key, body, put = {}) => putObject(key, body, { ...put, ifAbsent: false }),
    async putIfAbsent(key, body, put = {}) {
      try {
        return await putObject(key, body, { ...put, ifAbsent: true })
      } catch (error) {
        if (error instanceof AppError && driver.isConditionFailed(error.cause)) return null
        throw error
      }
    },
    async get(key, get = {}) {
      const place = placeOf(key)
      return run(`Cannot read ${place.url}`, get.signal, (connection) => driver.open(connection, place, get))
    },
    async head(key, { signal } = {}) {
      const place = placeOf(key)
      return run(`Cannot read ${place.url}`, signal, (connection) =>
        driver.head(connection, place, signal).catch((error: unknown) => undefinedWhen(driver.isMissing(error), error)),
      )
    },
    list: async (list = {}) =>
      run(`Cannot list ${address}/${prefix}`, list.signal, (connection) =>
        driver.list(connection, prefix === '' ? '' : `${prefix}/`, list),
      ),
    async delete(key, { signal } = {}) {
      const place = placeOf(key)
      await run(`Cannot delete ${place.url}`, signal, (connection) =>
        driver.remove(connection, place, signal).catch((error: unknown) => undefinedWhen(driver.isMissing(error), error)),
      )
    },
    ...(copy === undefined
      ? {}
      : {
          copy: async (fromKey, toKey, { signal } = {}) => {
            const [from, to] = [placeOf(fromKey), placeOf(toKey)]
            await run(`Cannot copy ${from.url}`, signal, (connection) => copy(connection, from, to, signal))
          },
        }),
  }
}

function undefinedWhen(isExpected: boolean, error: unknown): undefined {
  if (!isExpected) throw error
}
