import { Readable } from 'node:stream'
import type { BlobDownloadResponseParsed, BlobItem, BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { AppError } from '@trainyard/contract'
import { BodyMeter, hashFile, isLocalFile, readAhead } from './body.ts'
import { type BucketPlace, createBucketStore } from './bucket-store.ts'
import { pageLimit, resolveRange } from './byte-range.ts'
import { untilAborted } from './cancel.ts'
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

export interface AzureOptions {
  container: string
  /** A folder in the container, without a slash at its end. */
  prefix?: string
  /** `AZURE_STORAGE_CONNECTION_STRING`, or `AZURE_STORAGE_ACCOUNT` with `AZURE_STORAGE_KEY` or `AZURE_STORAGE_SAS_TOKEN`. */
  environment: Readonly<Record<string, string | undefined>>
}

const credentialsHint =
  'set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN'
const blockBytes = 8 * 1024 * 1024
const parallelBlocks = 4

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
const abortable = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } => (signal ? { abortSignal: signal } : {})

/** Objects of an Azure Blob Storage container, through the optional package `@azure/storage-blob`. SHA-256 is kept in metadata. */
export function createAzureStore(options: AzureOptions): ObjectStore {
  return createBucketStore<ContainerClient>({
    address: `az://${options.container}`,
    prefix: options.prefix ?? '',
    connect: () => openContainer(options),
    explain: (what, error, signal) => cloudError({ what, error, status: statusOf(error), credentialsHint, signal }),
    isMissing: (error) => statusOf(error) === 404,
    isConditionFailed: (error) => statusOf(error) === 409 || statusOf(error) === 412,
    store: (container, { fullKey, url }, body, put) => store(container.getBlockBlobClient(fullKey), url, body, put),
    open: (container, place, get) => openContent(container.getBlockBlobClient(place.fullKey), place, get),
    head: async (container, { key, fullKey }, signal) =>
      infoOf(key, await container.getBlockBlobClient(fullKey).getProperties(abortable(signal))),
    list: listPage,
    remove: async (container, { fullKey }, signal) => {
      await container.getBlockBlobClient(fullKey).deleteIfExists(abortable(signal))
    },
  })
}

async function openContainer({ container, environment }: AzureOptions): Promise<ContainerClient> {
  const azure = await importOptional(() => import('@azure/storage-blob'), '@azure/storage-blob', 'az:// addresses')
  const connection = environment['AZURE_STORAGE_CONNECTION_STRING']
  if (connection) return azure.BlobServiceClient.fromConnectionString(connection).getContainerClient(container)
  const account = environment['AZURE_STORAGE_ACCOUNT']
  const key = environment['AZURE_STORAGE_KEY']
  const token = environment['AZURE_STORAGE_SAS_TOKEN']?.replace(/^\?/, '')
  if (!account || !(key || token))
    throw new AppError('permission_denied', `No credentials for az://${container} were found; ${credentialsHint}.`)
  const url = `https://${account}.blob.core.windows.net`
  const service = key
    ? new azure.BlobServiceClient(url, new azure.StorageSharedKeyCredential(account, key))
    : new azure.BlobServiceClient(`${url}?${token}`)
  return service.getContainerClient(container)
}

async function store(
  blob: BlockBlobClient,
  url: string,
  body: ObjectBody,
  put: PutOptions & { ifAbsent: boolean },
): Promise<StoredObject> {
  const what = `Storing ${url}`
  const meter = new BodyMeter(what, put)
  const known = isLocalFile(body) ? (await hashFile(body.path, put.signal ? { signal: put.signal } : {})).sha256 : put.sha256
  const request = {
    ...abortable(put.signal),
    ...(put.ifAbsent ? { conditions: { ifNoneMatch: '*' } } : {}),
    ...(put.contentType ? { blobHTTPHeaders: { blobContentType: put.contentType } } : {}),
  }
  const source = body instanceof Uint8Array || isLocalFile(body) ? body : untilAborted(body, put.signal, what)
  const start = await readAhead(source, blockBytes)
  if (start.whole) {
    meter.add(start.bytes)
    const stored = meter.finish()
    await blob.upload(start.bytes, start.bytes.byteLength, { ...request, metadata: { sha256: stored.sha256 } })
    return stored
  }
  let stored: StoredObject | undefined
  const { chunks } = start
  async function* measured(): AsyncGenerator<Uint8Array> {
    yield* meter.through(chunks)
    stored = meter.finish()
  }
  const answer = await blob.uploadStream(Readable.from(measured(), { objectMode: false }), blockBytes, parallelBlocks, {
    ...request,
    ...(known ? { metadata: { sha256: known } } : {}),
  })
  if (!stored) throw new Error('the body was not read to its end')
  if (!known) {
    await blob.setMetadata(
      { sha256: stored.sha256 },
      { ...abortable(put.signal), ...(answer.etag ? { conditions: { ifMatch: answer.etag } } : {}) },
    )
  }
  return stored
}

async function openContent(blob: BlockBlobClient, { key, url }: BucketPlace, get: GetOptions): Promise<ObjectContent> {
  const asked = resolveRange(get)
  const download = (
    offset: number,
    end: number,
    signal: AbortSignal | undefined,
    etag?: string,
  ): Promise<BlobDownloadResponseParsed> =>
    blob.download(offset, end === Number.POSITIVE_INFINITY ? undefined : end - offset, {
      ...abortable(signal),
      ...(etag ? { conditions: { ifMatch: etag } } : {}),
    })
  let answer: BlobDownloadResponseParsed | undefined
  try {
    if (asked.offset < asked.end) answer = await download(asked.offset, asked.end, get.signal)
  } catch (error) {
    // The range begins past the end of the object.
    if (statusOf(error) !== 416) throw error
  }
  if (!answer) return { info: infoOf(key, await blob.getProperties(abortable(get.signal))), stream: Readable.from([]) }
  const total = answer.contentRange?.split('/')[1]
  const info = infoOf(key, total === undefined ? answer : { ...answer, contentLength: Number(total) })
  const range = resolveRange(get, info.sizeBytes)
  const open = async (offset: number, signal: AbortSignal): Promise<Readable> => {
    try {
      return (await download(offset, range.end, signal, info.etag)).readableStreamBody as Readable
    } catch (error) {
      if (statusOf(error) === 412)
        throw new AppError('storage', `${url} changed while it was read; read it again.`, { cause: error })
      throw cloudError({ what: `Cannot read ${url}`, error, status: statusOf(error), credentialsHint, signal: get.signal })
    }
  }
  const first = answer.readableStreamBody as Readable
  return {
    info,
    stream: resumableRead({ address: url, first, discardFirst: () => first.destroy(), open, ...range, signal: get.signal }),
  }
}

async function listPage(container: ContainerClient, base: string, list: ListOptions): Promise<ObjectPage> {
  const query = { prefix: base + (list.prefix ?? ''), ...abortable(list.signal) }
  const settings = { maxPageSize: pageLimit(list), ...(list.cursor ? { continuationToken: list.cursor } : {}) }
  const pages = list.delimiter
    ? container.listBlobsByHierarchy(list.delimiter, query).byPage(settings)
    : container.listBlobsFlat(query).byPage(settings)
  const { value: page, done } = await pages.next()
  if (done) return { objects: [], prefixes: [], next: null }
  const { segment } = page
  const { blobPrefixes: prefixes = [] } = segment as { blobPrefixes?: { name: string }[] }
  return {
    objects: segment.blobItems.map((blob: BlobItem) =>
      infoOf(blob.name.slice(base.length), { ...blob.properties, ...(blob.metadata ? { metadata: blob.metadata } : {}) }),
    ),
    prefixes: prefixes.map(({ name }) => name.slice(base.length)),
    next: page.continuationToken || null,
  }
}

function infoOf(
  key: string,
  blob: { contentLength?: number; lastModified?: Date; etag?: string; metadata?: Record<string, string> },
): ObjectInfo {
  const sha256 = blob.metadata?.['sha256']
  return {
    key,
    sizeBytes: blob.contentLength ?? 0,
    ...(blob.lastModified ? { modifiedAtMs: blob.lastModified.getTime() } : {}),
    ...(sha256 ? { sha256 } : {}),
    ...(blob.etag ? { etag: blob.etag } : {}),
  }
}
