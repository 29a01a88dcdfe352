import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mostParts } from '../../objects/index.ts'
import { traceFile } from '../../traces/index.ts'
import { ownOrigin } from '../own-origin.ts'
import type { AddressSigner } from '../signed-address.ts'
import type { ProxiedPlace } from './artifact-places.ts'
import { invalid, missing, MlflowError } from './errors.ts'
import type { MlflowContext } from './route.ts'
import { sendArtifact } from './send-artifact.ts'
import { checkOpen, storeArtifact } from './store-artifact.ts'
import { sendTraceFile } from './trace-artifacts.ts'
import { integer, list, message, parseBody, required, text } from './wire.ts'

/** How long an address that was given out can be asked for. */
const signedForMs = 24 * 3_600_000

const part = message({ part_number: integer, etag: text, url: text })
const create = message({ path: text, num_parts: integer })
const complete = message({ path: text, upload_id: text, parts: list(part) })
const abort = message({ path: text, upload_id: text })

interface MultipartContext {
  context: MlflowContext
  signer: AddressSigner
}

interface MultipartMessages extends MultipartContext {
  /** Runs before each message; throws what is to be answered instead. */
  checkFiles(request: FastifyRequest): Promise<void>
}

/** Large files in parts: what begins, ends and gives up an upload. Registered where bodies are read as texts. */
export function multipartMessages(
  app: FastifyInstance,
  { context, signer, checkFiles }: MultipartMessages,
  prefix: string,
): void {
  const root = `${prefix}/2.0/mlflow-artifacts/mpu`
  const { uploads } = context
  const completing = new Set<string>()
  const bodyOf = (request: FastifyRequest): unknown => parseBody(typeof request.body === 'string' ? request.body : '')

  app.post(`${root}/create/*`, { preHandler: checkFiles }, async (request, reply) => {
    const { path, num_parts } = create(bodyOf(request), '')
    const count = required(num_parts, 'num_parts')
    if (count < 1 || count > mostParts) throw invalid(`Invalid value ${count} for parameter 'num_parts': from 1 to ${mostParts}.`)
    const target = await targetOf(context, request, path)
    await checkOpen(context, target)
    const id = await uploads.begin(aboutOf(target))
    const untilMs = context.clock.nowMs() + signedForMs
    const credentials = Array.from({ length: count }, (_, at) => ({
      url: ownOrigin(request.headers) + signer.sign(`/api/2.0/mlflow-artifacts/mpu/part/${id}/${at + 1}`, untilMs),
      part_number: at + 1,
      headers: {},
    }))
    return await sendJson(reply, { upload_id: id, credentials })
  })

  app.post(`${root}/complete/*`, { preHandler: checkFiles }, async (request, reply) => {
    const { path, upload_id, parts } = complete(bodyOf(request), '')
    const { id, target } = await uploadOf(context, request, { path, id: upload_id })
    const named = required(parts, 'parts').map(({ part_number, etag }, at) => ({
      number: required(part_number, `parts[${at}].part_number`),
      proof: required(etag, `parts[${at}].etag`),
    }))
    if (completing.has(id)) throw invalid('This upload is being completed already.')
    completing.add(id)
    try {
      await storeArtifact(context, target, await uploads.whole(id, named))
      await uploads.remove(id)
    } finally {
      completing.delete(id)
    }
    return await sendJson(reply, {})
  })

  app.post(`${root}/abort/*`, { preHandler: checkFiles }, async (request, reply) => {
    const { path, upload_id } = abort(bodyOf(request), '')
    const { id } = await uploadOf(context, request, { path, id: upload_id })
    if (completing.has(id)) throw invalid('This upload is being completed.')
    await uploads.remove(id)
    return await sendJson(reply, {})
  })
}

/** The parts themselves, and files by an address of their own: both are asked for without the server's token. */
export function multipartBytes(app: FastifyInstance, { context, signer }: MultipartContext): void {
  const isSigned = (request: FastifyRequest): boolean => signer.isSigned(request.url, context.clock.nowMs())

  app.put('/api/2.0/mlflow-artifacts/mpu/part/:upload_id/:part', async (request, reply) => {
    if (!isSigned(request)) throw unsigned()
    const { upload_id, part: number } = request.params as { upload_id: string; part: string }
    const proof = await context.uploads.put(upload_id, Number(number), request.raw)
    return await reply.header('etag', `"${proof}"`).type('application/json').send('{}')
  })

  for (const prefix of ['/api', '/ajax-api']) {
    app.get(`${prefix}/2.0/mlflow-artifacts/presigned/*`, async (request, reply) => {
      const path = (request.params as { '*': string })['*']
      const { owner, place, path: key } = await context.places.resolve(path)
      const info = key === '' ? null : await (await context.places.open(place)).head(key)
      // Written when it is asked for, so that nobody knows its size yet: clients then take it in one piece.
      const isWritten = owner.kind === 'trace' && key === traceFile
      if (!info && !isWritten) throw missing(`There is no artifact '${path}'.`)
      const address = `/api/2.0/mlflow-artifacts/signed/${path.split('/').map(encodeURIComponent).join('/')}`
      const url = ownOrigin(request.headers) + signer.sign(address, context.clock.nowMs() + signedForMs)
      return await sendJson(reply, { url, headers: {}, file_size: info?.sizeBytes })
    })
  }

  app.get('/api/2.0/mlflow-artifacts/signed/*', { exposeHeadRoute: false }, async (request, reply) => {
    if (!isSigned(request)) throw unsigned()
    const { owner, place, path } = await context.places.resolve((request.params as { '*': string })['*'])
    if (owner.kind === 'trace' && path === traceFile) return await sendTraceFile(context, { id: owner.id, place }, request, reply)
    return await sendArtifact(context, { place, path }, request, reply)
  })
}

const unsigned = (): MlflowError =>
  new MlflowError('PERMISSION_DENIED', 'The signature of this address is wrong, or its time is over; ask for a new one.')

const sendJson = (reply: FastifyReply, body: object): FastifyReply =>
  reply.header('content-type', 'application/json').send(JSON.stringify(body))

/** Clients name the file by its path on their own machine: what counts is the last part. */
async function targetOf(context: MlflowContext, request: FastifyRequest, path: string | undefined): Promise<ProxiedPlace> {
  const folder = (request.params as { '*': string })['*'].replace(/\/+$/, '')
  const name = required(path, 'path').replaceAll('\\', '/').split('/').at(-1)
  if (!name) throw invalid('Invalid path: it names no file.')
  const target = await context.places.resolve(`${folder}/${name}`)
  if (target.path === '') throw invalid('Invalid path: it names no file.')
  return target
}

/** Places may move while an upload is under way; who owns the file and its name stay. */
const aboutOf = ({ owner, path }: ProxiedPlace): string => JSON.stringify([owner.kind, owner.id, path])

/** An upload is known by its id and the file it is for. */
async function uploadOf(
  context: MlflowContext,
  request: FastifyRequest,
  { path, id }: { path: string | undefined; id: string | undefined },
): Promise<{ id: string; target: ProxiedPlace }> {
  const uploadId = required(id, 'upload_id')
  const target = await targetOf(context, request, path)
  if ((await context.uploads.about(uploadId)) !== aboutOf(target))
    throw invalid(`The upload '${uploadId.slice(0, 80)}' is for another file.`)
  return { id: uploadId, target }
}
