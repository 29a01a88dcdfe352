import { rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { _Object as S3ObjectSummary, GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { AppError } from '@trainyard/contract'
import { BodyMeter, hashFile, isLocalFile, readAhead } from '../body.ts'
import { pageLimit, rangeHeader, resolveRange } from '../byte-range.ts'
import { throwIfAborted, untilAborted } from '../cancel.ts'
import { checkObjectKey, joinKey } from '../object-key.ts'
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
  const { bucket, prefix = '' } = options
  const partSizeBytes = Math.max(options.partSizeBytes ?? 16 * 1024 * 1024, smallestPartBytes)
  const fullKey = (key: string): string => joinKey(prefix, checkObjectKey(key))
  const urlOf = (key: string): string => `s3://${bucket}/${fullKey(key)}`
  let connecting: Promise<S3Connection> | undefined
  const connect = (): Promise<S3Connection> => (connecting ??= connectS3(options))

  /** Runs one request; whatever fails becomes one sentence that begins with `what`. */
  const run = async <T>(
    what: string,
    signal: AbortSignal | undefined,
    work: (connection: S3Connection) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal, what)
    try {
      return await work(await connect())
    } catch (error) {
      throw s3Error(what, bucket, error, signal)
    }
  }

  const store = async (
    connection: S3Connection,
    key: string,
    body: ObjectBody,
    put: PutOptions,
    ifAbsent: boolean,
  ): Promise<StoredObject> => {
    const target = { bucket, key: fullKey(key), partSizeBytes, ifAbsent }
    const what = `Storing ${urlOf(key)}`
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
        Key: target.key,
        Body: start.bytes,
        Metadata: { sha256: stored.sha256 },
        ...(put.contentType ? { ContentType: put.contentType } : {}),
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      }),
      put.signal ? { abortSignal: put.signal } : {},
    )
    return stored
  }

  const putObject = async (key: string, body: ObjectBody, put: PutOptions, ifAbsent: boolean): Promise<StoredObject> => {
    const stored = await run(`Cannot write ${urlOf(key)}`, put.signal, (connection) =>
      store(connection, key, body, put, ifAbsent),
    )
    if (isLocalFile(body) && body.move) await rm(body.path)
    return stored
  }

  return {
    writable: true,
    urlOf,
    put: async (key, body, put = {}) => putObject(key, body, put, false),
    async putIfAbsent(key, body, put = {}) {
      try {
        return await putObject(key, body, put, true)
      } catch (error) {
        if (error instanceof AppError && isConditionFailed(error.cause)) return null
        throw error
      }
    },
    get: async (key, get = {}) =>
      run(`Cannot read ${urlOf(key)}`, get.signal, (connection) =>
        openContent(connection, options, { key, fullKey: fullKey(key) }, get),
      ),
    head: async (key, head = {}) =>
      run(`Cannot read ${urlOf(key)}`, head.signal, async ({ module, client }) => {
        try {
          const answer = await client.send(
            new module.HeadObjectCommand({ Bucket: bucket, Key: fullKey(key) }),
            head.signal ? { abortSignal: head.signal } : {},
          )
          return infoOf(key, answer)
        } catch (error) {
          if (isMissingObject(error)) return undefined
          throw error
        }
      }),
    list: async (list = {}) =>
      run(`Cannot list s3://${bucket}/${prefix}`, list.signal, (connection) => listPage(connection, options, list)),
    delete: async (key, { signal } = {}) =>
      run(`Cannot delete ${urlOf(key)}`, signal, async ({ module, client }) => {
        try {
          await client.send(
            new module.DeleteObjectCommand({ Bucket: bucket, Key: fullKey(key) }),
            signal ? { abortSignal: signal } : {},
          )
        } catch (error) {
          if (!isMissingObject(error)) throw error
        }
      }),
    copy: async (fromKey, toKey, { signal } = {}) =>
      run(`Cannot copy ${urlOf(fromKey)}`, signal, async ({ module, client }) => {
        const source = `${bucket}/${fullKey(fromKey)}`.split('/').map(encodeURIComponent).join('/')
        await client.send(
          new module.CopyObjectCommand({ Bucket: bucket, Key: fullKey(toKey), CopySource: source }),
          signal ? { abortSignal: signal } : {},
        )
      }),
  }
}

async function openContent(
  connection: S3Connection,
  { bucket }: S3Options,
  { key, fullKey }: { key: string; fullKey: string },
  get: GetOptions,
): Promise<ObjectContent> {
  const { module, client } = connection
  const address = `s3://${bucket}/${fullKey}`
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
      signal ? { abortSignal: signal } : {},
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
    const head = await client.send(
      new module.HeadObjectCommand({ Bucket: bucket, Key: fullKey }),
      get.signal ? { abortSignal: get.signal } : {},
    )
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

async function listPage(
  { module, client }: S3Connection,
  { bucket, prefix = '' }: S3Options,
  list: ListOptions,
): Promise<ObjectPage> {
  const base = prefix === '' ? '' : `${prefix}/`
  const page = await client.send(
    new module.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: base + (list.prefix ?? ''),
      MaxKeys: pageLimit(list),
      ...(list.delimiter ? { Delimiter: list.delimiter } : {}),
      ...(list.cursor ? { ContinuationToken: list.cursor } : {}),
    }),
    list.signal ? { abortSignal: list.signal } : {},
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
