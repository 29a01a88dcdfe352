import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { _Object as S3ObjectSummary, GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { AppError } from '@trainyard/contract'
import { BodyMeter, hashFile, isLocalFile, readAhead } from '../body.ts'
import { type BucketPlace, createBucketStore } from '../bucket-store.ts'
import { pageLimit, rangeHeader, resolveRange } from '../byte-range.ts'
import { untilAborted } from '../cancel.ts'
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
} from '../object-store.ts'
import { resumableRead } from '../resumable-read.ts'
import { connectS3, type S3Connection, type S3Options } from './s3-client.ts'
import { httpStatusOf, isConditionFailed, isMissingObject, isPastEnd, s3Error } from './s3-errors.ts'
import { uploadFileInParts, uploadStreamInParts } from './s3-upload.ts'

const smallestPartBytes = 5 * 1024 * 1024

/**
 * Objects of an S3 bucket, Amazon's or any server that speaks S3. The SHA-256 of bytes, files and small streams is kept in the
 * object's metadata; for a streamed body larger than one part only when it was given, because S3 wants metadata first.
 */
export function createS3Store(options: S3Options): ObjectStore {
  const { bucket } = options
  return createBucketStore<S3Connection>({
    address: `s3://${bucket}`,
    prefix: options.prefix ?? '',
    connect: () => connectS3(options),
    explain: (what, error, signal) => s3Error(what, bucket, error, signal),
    isMissing: isMissingObject,
    isConditionFailed,
    store: (connection, place, body, put) => store(connection, options, place, body, put),
    open: (connection, place, get) => openContent(connection, bucket, place, get),
    head: async ({ module, client }, { key, fullKey }, signal) =>
      infoOf(key, await client.send(new module.HeadObjectCommand({ Bucket: bucket, Key: fullKey }), abortable(signal))),
    list: (connection, base, list) => listPage(connection, bucket, base, list),
    remove: async ({ module, client }, { fullKey }, signal) => {
      await client.send(new module.DeleteObjectCommand({ Bucket: bucket, Key: fullKey }), abortable(signal))
    },
    copy: async ({ module, client }, from, to, signal) => {
      const source = `${bucket}/${from.fullKey}`.split('/').map(encodeURIComponent).join('/')
      await client.send(new module.CopyObjectCommand({ Bucket: bucket, Key: to.fullKey, CopySource: source }), abortable(signal))
    },
  })
}

const abortable = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } => (signal ? { abortSignal: signal } : {})

async function store(
  connection: S3Connection,
  options: S3Options,
  { fullKey, url }: BucketPlace,
  body: ObjectBody,
  put: PutOptions & { ifAbsent: boolean },
): Promise<StoredObject> {
  const { bucket } = options
  const partSizeBytes = Math.max(options.partSizeBytes ?? 16 * 1024 * 1024, smallestPartBytes)
  const target = { bucket, key: fullKey, partSizeBytes, ifAbsent: put.ifAbsent }
  const what = `Storing ${url}`
  if (isLocalFile(body) && (await sizeOf(body.path)) > partSizeBytes) {
    const stored = await hashFile(body.path, put.signal ? { signal: put.signal } : {})
    requireHash(what, stored, put)
    await uploadFileInParts(connection, { ...target, path: body.path, stored, resumeDirectory: options.resumeDirectory, put })
    return stored
  }
  const source = body instanceof Uint8Array || isLocalFile(body) ? body : untilAborted(body, put.signal, what)
  const start = await readAhead(source, partSizeBytes)
  if (!start.whole) {
    const metadata = put.sha256 ? { sha256: put.sha256 } : {}
    return uploadStreamInParts(connection, { ...target, metadata }, start.chunks, { what, put })
  }
  const meter = new BodyMeter(what, put)
  meter.add(start.bytes)
  const stored = meter.finish()
  await connection.client.send(
    new connection.module.PutObjectCommand({
      Bucket: bucket,
      Key: fullKey,
      Body: start.bytes,
      Metadata: { sha256: stored.sha256 },
      ...(put.contentType ? { ContentType: put.contentType } : {}),
      ...(put.ifAbsent ? { IfNoneMatch: '*' } : {}),
    }),
    abortable(put.signal),
  )
  return stored
}

async function openContent(
  { module, client }: S3Connection,
  bucket: string,
  { key, fullKey, url: address }: BucketPlace,
  get: GetOptions,
): Promise<ObjectContent> {
  const send = (
    range: { offset: number; end: number },
    signal: AbortSignal | undefined,
    etag?: string,
  ): Promise<GetObjectCommandOutput> => {
    const header = rangeHeader(range)
    return client.send(
      new module.GetObjectCommand({
        Bucket: bucket,
        Key: fullKey,
        ...(header ? { Range: header } : {}),
        ...(etag ? { IfMatch: etag } : {}),
      }),
      abortable(signal),
    )
  }
  const asked = resolveRange(get)
  let answer: GetObjectCommandOutput | undefined
  try {
    if (asked.offset < asked.end) answer = await send(asked, get.signal)
  } catch (error) {
    if (!isPastEnd(error)) throw error
  }
  if (!answer) {
    const head = await client.send(new module.HeadObjectCommand({ Bucket: bucket, Key: fullKey }), abortable(get.signal))
    return { info: infoOf(key, head), stream: Readable.from([]) }
  }
  const info = infoOf(key, answer)
  const range = resolveRange(get, info.sizeBytes)
  const first = answer.Body as Readable
  const stream = resumableRead({
    address,
    first,
    discardFirst: () => first.destroy(),
    open: async (offset, signal) => {
      try {
        return (await send({ offset, end: range.end }, signal, info.etag)).Body as Readable
      } catch (error) {
        if (httpStatusOf(error) === 412)
          throw new AppError('storage', `${address} changed while it was read; read it again.`, { cause: error })
        throw s3Error(`Cannot read ${address}`, bucket, error, get.signal)
      }
    },
    ...range,
    signal: get.signal,
  })
  return { info, stream }
}

async function listPage({ module, client }: S3Connection, bucket: string, base: string, list: ListOptions): Promise<ObjectPage> {
  const page = await client.send(
    new module.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: base + (list.prefix ?? ''),
      MaxKeys: pageLimit(list),
      ...(list.delimiter ? { Delimiter: list.delimiter } : {}),
      ...(list.cursor ? { ContinuationToken: list.cursor } : {}),
    }),
    abortable(list.signal),
  )
  return {
    // Consoles make empty objects whose names end in "/" to show folders.
    objects: (page.Contents ?? []).filter(({ Key = '/' }) => !Key.endsWith('/')).map((object) => listedInfo(object, base)),
    prefixes: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => (Prefix === undefined ? [] : [Prefix.slice(base.length)])),
    next: (page.IsTruncated && page.NextContinuationToken) || null,
  }
}

function listedInfo({ Key = '', Size = 0, LastModified, ETag }: S3ObjectSummary, base: string): ObjectInfo {
  return {
    key: Key.slice(base.length),
    sizeBytes: Size,
    ...(LastModified ? { modifiedAtMs: LastModified.getTime() } : {}),
    ...(ETag ? { etag: ETag } : {}),
  }
}

function infoOf(key: string, answer: GetObjectCommandOutput | HeadObjectCommandOutput): ObjectInfo {
  const total = 'ContentRange' in answer && answer.ContentRange ? Number(answer.ContentRange.split('/')[1]) : answer.ContentLength
  const sha256 = answer.Metadata?.['sha256']
  return {
    key,
    sizeBytes: total ?? 0,
    ...(answer.LastModified ? { modifiedAtMs: answer.LastModified.getTime() } : {}),
    ...(sha256 ? { sha256 } : {}),
    ...(answer.ETag ? { etag: answer.ETag } : {}),
  }
}

/** 0 for what is not a readable regular file: opening it will say why. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (stats) => (stats.isFile() ? stats.size : 0),
    () => 0,
  )

function requireHash(what: string, stored: StoredObject, put: PutOptions): void {
  if (put.sha256 !== undefined && put.sha256 !== stored.sha256) {
    throw new AppError('storage', `${what} failed: the bytes have SHA-256 ${stored.sha256}, not the expected ${put.sha256}.`)
  }
}
