import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bucket, File, FileMetadata, GetFilesOptions } from '@google-cloud/storage'
import { BodyMeter, hashFile, isLocalFile } from './body.ts'
import { type BucketPlace, createBucketStore } from './bucket-store.ts'
import { pageLimit, resolveRange } from './byte-range.ts'
import { cloudError } from './cloud-errors.ts'
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
import { importOptional } from '../base/optional-package.ts'
import { resumableRead } from './resumable-read.ts'

export interface GoogleOptions {
  bucket: string
  /** A folder in the bucket, without a slash at its end. */
  prefix?: string
  /** `STORAGE_EMULATOR_HOST` and `GOOGLE_CLOUD_PROJECT` are read from here, credentials by Google's own package. */
  environment: Readonly<Record<string, string | undefined>>
}

const credentialsHint = 'run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS'
/** Above this, uploads go through a session that the package takes up again after a failure. */
const sessionAboveBytes = 8 * 1024 * 1024

const statusOf = (error: unknown): number | undefined => {
  const code = error instanceof Error && 'code' in error ? Number(error.code) : Number.NaN
  return Number.isInteger(code) ? code : undefined
}

/** Objects of a Google Cloud Storage bucket, through the optional package `@google-cloud/storage`. SHA-256 is kept in metadata. */
export function createGoogleStore(options: GoogleOptions): ObjectStore {
  return createBucketStore<Bucket>({
    address: `gs://${options.bucket}`,
    prefix: options.prefix ?? '',
    connect: () => openBucket(options),
    explain: (what, error, signal) => cloudError({ what, error, status: statusOf(error), credentialsHint, signal }),
    isMissing: (error) => statusOf(error) === 404,
    isConditionFailed: (error) => statusOf(error) === 412,
    store: (bucket, { fullKey, url }, body, put) => store(bucket.file(fullKey), url, body, put),
    open: (bucket, place, get) => openContent(bucket.file(place.fullKey), place, get),
    head: async (bucket, { key, fullKey }) => infoOf(key, (await bucket.file(fullKey).getMetadata())[0]),
    list: listPage,
    remove: async (bucket, { fullKey }) => {
      await bucket.file(fullKey).delete({ ignoreNotFound: true })
    },
    copy: async (bucket, from, to) => {
      await bucket.file(from.fullKey).copy(bucket.file(to.fullKey))
    },
  })
}

async function openBucket({ bucket, environment }: GoogleOptions): Promise<Bucket> {
  const { Storage } = await importOptional(() => import('@google-cloud/storage'), '@google-cloud/storage', 'gs:// addresses')
  const emulator = environment['STORAGE_EMULATOR_HOST']
  const projectId = environment['GOOGLE_CLOUD_PROJECT']
  return new Storage({
    ...(emulator ? { apiEndpoint: emulator, projectId: 'emulator' } : {}),
    ...(projectId ? { projectId } : {}),
  }).bucket(bucket)
}

async function store(file: File, url: string, body: ObjectBody, put: PutOptions & { ifAbsent: boolean }): Promise<StoredObject> {
  const cancel = put.signal ? { signal: put.signal } : {}
  const meter = new BodyMeter(`Storing ${url}`, put)
  const known = isLocalFile(body) ? (await hashFile(body.path, cancel)).sha256 : put.sha256
  const size = body instanceof Uint8Array ? body.byteLength : Number.POSITIVE_INFINITY
  let stored: StoredObject | undefined
  async function* measured(): AsyncGenerator<Uint8Array> {
    yield* meter.through(body)
    stored = meter.finish()
  }
  const target = file.createWriteStream({
    resumable: size > sessionAboveBytes,
    metadata: {
      ...(put.contentType ? { contentType: put.contentType } : {}),
      ...(known ? { metadata: { sha256: known } } : {}),
    },
    ...(put.ifAbsent ? { preconditionOpts: { ifGenerationMatch: 0 } } : {}),
  })
  await pipeline(Readable.from(measured(), { objectMode: false }), target, cancel)
  if (!stored) throw new Error('the body was not read to its end')
  if (!known) await file.setMetadata({ metadata: { sha256: stored.sha256 } })
  return stored
}

/**
 * Metadata and bytes come from two requests, so both are asked for one generation, and again when it was overwritten in between.
 */
async function openContent(file: File, { key, url }: BucketPlace, get: GetOptions): Promise<ObjectContent> {
  for (let attempt = 1; ; attempt += 1) {
    const [metadata] = await file.getMetadata()
    const info = infoOf(key, metadata)
    const range = resolveRange(get, info.sizeBytes)
    if (range.offset === range.end) return { info, stream: Readable.from([]) }
    const pinned = file.bucket.file(file.name, metadata.generation === undefined ? {} : { generation: metadata.generation })
    const connect = (offset: number): Readable =>
      pinned.createReadStream({ start: offset, end: range.end - 1, validation: false, decompress: false })
    const source = connect(range.offset)
    try {
      const first = await started(source)
      const open = async (offset: number): Promise<AsyncIterable<Uint8Array>> => started(connect(offset))
      const discardFirst = (): void => void source.destroy()
      return { info, stream: resumableRead({ address: url, first, discardFirst, open, ...range, signal: get.signal }) }
    } catch (error) {
      if (statusOf(error) !== 404 || attempt === 20) throw error
    }
  }
}

/** A stream whose first bytes have arrived: an error of the request itself shows here and not while reading. */
async function started(source: Readable): Promise<AsyncIterable<Uint8Array>> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await iterator.next()
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let item = first; !item.done; item = await iterator.next()) yield item.value
    } finally {
      source.destroy()
    }
  }
  return all()
}

async function listPage(bucket: Bucket, base: string, list: ListOptions): Promise<ObjectPage> {
  const query: GetFilesOptions = {
    prefix: base + (list.prefix ?? ''),
    maxResults: pageLimit(list),
    autoPaginate: false,
    ...(list.delimiter ? { delimiter: list.delimiter } : {}),
    ...(list.cursor ? { pageToken: list.cursor } : {}),
  }
  const [files, next, answer] = await bucket.getFiles(query)
  const { prefixes = [] } = (answer ?? {}) as { prefixes?: string[] }
  return {
    objects: files.filter(({ name }) => !name.endsWith('/')).map((file) => infoOf(file.name.slice(base.length), file.metadata)),
    prefixes: prefixes.map((name) => name.slice(base.length)),
    next: (next as { pageToken?: string } | null)?.pageToken ?? null,
  }
}

function infoOf(key: string, metadata: FileMetadata): ObjectInfo {
  const sha256 = metadata.metadata?.['sha256']
  return {
    key,
    sizeBytes: Number(metadata.size ?? 0),
    ...(metadata.updated ? { modifiedAtMs: Date.parse(metadata.updated) } : {}),
    ...(typeof sha256 === 'string' ? { sha256 } : {}),
    ...(metadata.generation === undefined ? {} : { etag: String(metadata.generation) }),
  }
}
