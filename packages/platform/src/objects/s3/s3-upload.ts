import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompletedPart } from '@aws-sdk/client-s3'
import { systemErrorCode } from '../../base/errors.ts'
import { BodyMeter, openLocalFile } from '../body.ts'
import { throwIfAborted } from '../cancel.ts'
import type { PutOptions, StoredObject } from '../object-store.ts'
import type { S3Connection } from './s3-client.ts'
import { isMissingUpload } from './s3-errors.ts'

export interface FileUpload {
  bucket: string
  /** The full key in the bucket. */
  key: string
  path: string
  stored: StoredObject
  partSizeBytes: number
  resumeDirectory: string | undefined
  ifAbsent: boolean
  put: PutOptions
}

const parallelParts = 4
/** S3 allows 10,000 parts. */
const mostParts = 9_000

/**
 * Sends a local file in parts. With a `resumeDirectory` the upload's id is kept there under the target and the content's hash:
 * after a kill the same call asks the server which parts it has and sends the missing ones.
 */
export async function uploadFileInParts(connection: S3Connection, upload: FileUpload): Promise<void> {
  const state = uploadState(upload)
  for (let attempt = 1; ; attempt += 1) {
    const known = await state.read()
    const uploadId = known ?? (await begin(connection, upload))
    if (known === undefined) await state.write(uploadId)
    try {
      const parts = await sendMissingParts(connection, upload, uploadId)
      await complete(connection, upload, uploadId, parts)
      await state.remove()
      return
    } catch (error) {
      // Finished or thrown away by somebody else meanwhile: the id is worthless, the file is not.
      if (known !== undefined && isMissingUpload(error) && attempt === 1) {
        await state.remove()
        continue
      }
      if (!upload.resumeDirectory || upload.ifAbsent) await abandon(connection, upload, uploadId, state)
      throw error
    }
  }
}

async function begin({ module, client }: S3Connection, { bucket, key, stored, put }: FileUpload): Promise<string> {
  const answer = await client.send(
    new module.CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      Metadata: { sha256: stored.sha256 },
      ...(put.contentType ? { ContentType: put.contentType } : {}),
    }),
    abortable(put.signal),
  )
  if (!answer.UploadId) throw new Error('the server gave no upload id')
  return answer.UploadId
}

async function sendMissingParts(connection: S3Connection, upload: FileUpload, uploadId: string): Promise<CompletedPart[]> {
  const { bucket, key, stored, put } = upload
  const partSize = Math.max(upload.partSizeBytes, Math.ceil(stored.sizeBytes / mostParts))
  const count = Math.ceil(stored.sizeBytes / partSize)
  const done = await partsAtServer(connection, upload, uploadId)
  let sentBytes = 0
  const { handle } = await openLocalFile(upload.path)
  try {
    const parts: CompletedPart[] = Array.from({ length: count }, (_, index) => ({ PartNumber: index + 1 }))
    const waiting = parts.values()
    const sender = async (): Promise<void> => {
      for (const part of waiting) {
        throwIfAborted(put.signal, `Storing ${upload.path}`)
        const number = part.PartNumber ?? 0
        const offset = (number - 1) * partSize
        const size = Math.min(partSize, stored.sizeBytes - offset)
        const present = done.get(number)
        if (present?.sizeBytes === size) {
          part.ETag = present.etag
        } else {
          const bytes = Buffer.allocUnsafe(size)
          const { bytesRead } = await handle.read(bytes, 0, size, offset)
          if (bytesRead !== size) throw new Error(`${upload.path} became shorter while it was sent`)
          const { module, client } = connection
          const answer = await client.send(
            new module.UploadPartCommand({ Bucket: bucket, Key: key, UploadId: uploadId, PartNumber: number, Body: bytes }),
            abortable(put.signal),
          )
          part.ETag = answer.ETag
        }
        sentBytes += size
        put.onProgress?.(sentBytes)
      }
    }
    // Waits for all, so that no part is on its way when the file is closed or the upload given up.
    const results = await Promise.allSettled(Array.from({ length: parallelParts }, sender))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    return parts
  } finally {
    await handle.close()
  }
}

async function partsAtServer(
  { module, client }: S3Connection,
  { bucket, key, put }: FileUpload,
  uploadId: string,
): Promise<Map<number, { etag: string; sizeBytes: number }>> {
  const found = new Map<number, { etag: string; sizeBytes: number }>()
  let marker: string | undefined
  do {
    const page = await client.send(
      new module.ListPartsCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        ...(marker ? { PartNumberMarker: marker } : {}),
      }),
      abortable(put.signal),
    )
    for (const part of page.Parts ?? []) found.set(part.PartNumber ?? 0, { etag: part.ETag ?? '', sizeBytes: part.Size ?? -1 })
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (marker)
  return found
}

async function complete(
  { module, client }: S3Connection,
  upload: FileUpload,
  uploadId: string,
  parts: CompletedPart[],
): Promise<void> {
  await client.send(
    new module.CompleteMultipartUploadCommand({
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: uploadId,
      MultipartUpload: { Parts: parts },
      ...(upload.ifAbsent ? { IfNoneMatch: '*' } : {}),
    }),
    abortable(upload.put.signal),
  )
}

/** Best effort: the error that led here is the one to tell. */
async function abandon(
  { module, client }: S3Connection,
  { bucket, key }: FileUpload,
  uploadId: string,
  state: UploadState,
): Promise<void> {
  await state.remove()
  await client
    .send(new module.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }))
    .catch(() => undefined)
}

const abortable = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } => (signal ? { abortSignal: signal } : {})

interface UploadState {
  read(): Promise<string | undefined>
  write(uploadId: string): Promise<void>
  remove(): Promise<void>
}

/** The file that remembers an upload: named by target, content and part size, so that a changed file never mixes with an old one. */
function uploadState({ bucket, key, stored, partSizeBytes, resumeDirectory }: FileUpload): UploadState {
  if (!resumeDirectory) return { read: async () => undefined, write: async () => undefined, remove: async () => undefined }
  const identity = JSON.stringify([bucket, key, stored.sha256, stored.sizeBytes, partSizeBytes])
  const path = join(resumeDirectory, `${createHash('sha256').update(identity).digest('hex').slice(0, 32)}.json`)
  return {
    async read() {
      try {
        const { uploadId } = JSON.parse(await readFile(path, 'utf8')) as { uploadId?: unknown }
        return typeof uploadId === 'string' ? uploadId : undefined
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
        throw error
      }
    },
    async write(uploadId) {
      await mkdir(resumeDirectory, { recursive: true })
      await writeFile(`${path}.new`, JSON.stringify({ uploadId, target: `s3://${bucket}/${key}` }))
      await rename(`${path}.new`, path)
    },
    remove: () => rm(path, { force: true }),
  }
}

/** Sends a body of unknown length in parts, holding a few of them in memory; nothing is visible before the last one. */
export async function uploadStreamInParts(
  connection: S3Connection,
  target: { bucket: string; key: string; partSizeBytes: number; ifAbsent: boolean; metadata: Record<string, string> },
  chunks: AsyncIterable<Uint8Array>,
  meter: { what: string; put: PutOptions },
): Promise<StoredObject> {
  const { Upload } = await import('@aws-sdk/lib-storage')
  const { Readable } = await import('node:stream')
  const counted = new BodyMeter(meter.what, meter.put)
  let stored: StoredObject | undefined
  async function* measured(): AsyncGenerator<Uint8Array> {
    yield* counted.through(chunks)
    stored = counted.finish()
  }
  const body = Readable.from(measured(), { objectMode: false })
  const upload = new Upload({
    client: connection.client,
    queueSize: parallelParts,
    partSize: target.partSizeBytes,
    params: {
      Bucket: target.bucket,
      Key: target.key,
      Body: body,
      Metadata: target.metadata,
      ...(meter.put.contentType ? { ContentType: meter.put.contentType } : {}),
      ...(target.ifAbsent ? { IfNoneMatch: '*' } : {}),
    },
  })
  const { signal } = meter.put
  const abort = (): void => void upload.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await upload.done()
  } finally {
    signal?.removeEventListener('abort', abort)
    body.destroy()
  }
  if (!stored) throw new Error('the body was not read to its end')
  return stored
}
