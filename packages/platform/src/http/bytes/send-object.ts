import type { FileHandle } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import { basename } from 'node:path'
import { AppError, isAppError } from '@trainyard/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ObjectStore } from '../../objects/index.ts'
import { type ByteRange, readRange } from './byte-range.ts'
import { mediaTypeOf } from './media-types.ts'
import { isSentInPieces, sendFile } from './send-file.ts'

/** No network, no origin of ours, no other window: what a page that a run made may use. */
const shownPolicy = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' data: blob:",
  "style-src 'unsafe-inline' data:",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  'worker-src blob: data:',
].join('; ')

/**
 * Answers with the bytes of a stored object, or the range asked for. Whoever made them may have put a page with scripts there, so
 * they are handed over as an attachment, in a sandbox, and with the type that is told and no other; to be shown, as a document that
 * may draw and compute and reaches nothing. `not_found` when missing.
 */
export async function sendObject(
  { store, key, name = key, isShown = false }: { store: ObjectStore; key: string; name?: string; isShown?: boolean },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const info = await store.head(key)
  if (!info) throw noSuchFile(name)
  // The stored file's own name has the ending that tells its type; an artifact's key need not have one.
  const file = basename(key) || basename(name) || 'artifact'
  reply
    .type(mediaTypeOf(file))
    .header('content-disposition', `${isShown ? 'inline' : 'attachment'}; ${fileNameHeader(file)}`)
    .header('content-security-policy', isShown ? shownPolicy : 'sandbox')
    .header('x-content-type-options', 'nosniff')
    .header('accept-ranges', 'bytes')
  if (info.etag !== undefined) reply.header('etag', `"${info.etag}"`)
  if (info.modifiedAtMs !== undefined) reply.header('last-modified', new Date(info.modifiedAtMs).toUTCString())
  const { sizeBytes } = info
  const range = sizeBytes === undefined ? undefined : readRange(request.headers.range, sizeBytes)
  if (range === 'unsatisfiable') return await reply.code(416).header('content-range', `bytes */${sizeBytes}`).send('')
  if (range) reply.code(206).header('content-range', `bytes ${range.offset}-${range.offset + range.lengthBytes - 1}/${sizeBytes}`)
  const length = range?.lengthBytes ?? sizeBytes
  if (length !== undefined) reply.header('content-length', length)
  if (request.method === 'HEAD') return await reply.send()
  try {
    if (store.openFile && length !== undefined && isSentInPieces(length))
      return await sendOpened(await store.openFile(key), range ?? { offset: 0, lengthBytes: length }, request, reply)
    const { stream } = await store.get(key, range ?? {})
    return await reply.send(stream)
  } catch (error) {
    // The store's own error names places of this machine; who asks is told the path that was asked for.
    throw error instanceof AppError && error.code === 'not_found' ? noSuchFile(name) : error
  }
}

/** Once the head is out nothing else can be said: what fails then cuts the connection, so that nobody takes a part for the whole. */
async function sendOpened(
  handle: FileHandle,
  range: ByteRange,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const headers = reply.getHeaders()
  reply.hijack()
  try {
    reply.raw.writeHead(reply.statusCode, headers as OutgoingHttpHeaders)
    await sendFile(handle, range, reply.raw)
  } catch (error) {
    reply.raw.destroy()
    if (!isAppError(error, 'aborted')) request.log.error({ err: error, requestId: request.id }, 'a file was not sent whole')
  } finally {
    await handle.close()
  }
  return reply
}

const noSuchFile = (name: string) => new AppError('not_found', `There is no artifact '${name}'.`)

const fileNameHeader = (file: string): string =>
  `filename*=UTF-8''${encodeURIComponent(file.toWellFormed()).replaceAll(/['()*]/g, escapeMark)}`

const escapeMark = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
