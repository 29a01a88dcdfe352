import { AppError, type ErrorCode, isAppError } from '@trainyard/contract'
import { nativeOperations, nativePrefix } from '@trainyard/contract/native-api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { JsonText, jsonType } from '../json-text.ts'
import { isStopping } from '../refuse-stopping.ts'
import { answerNotServed, type NotServed } from '../other-methods.ts'
import { noteVanished } from '../vanished.ts'
import { type BoundOperation, bindOperations, type CallOf } from './bound-operation.ts'
import type { Caller, NativeContext } from './context.ts'
import { handlers } from './handlers.ts'
import { once } from './idempotency.ts'
import { readJson, toJson } from './json.ts'
import { openApiOf } from './openapi.ts'

const statuses: Record<ErrorCode, number> = {
  invalid_argument: 400,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  permission_denied: 403,
  unavailable: 503,
  storage: 507,
  aborted: 499,
  internal: 500,
}

const largestBodyBytes = 32 * 1024 * 1024

/** The native interface as a Fastify scope of its own. */
export function nativeDialect(app: FastifyInstance, context: NativeContext): void {
  let document: string | undefined
  // Streams have no end of their own: a server that stops must not wait for them.
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  void app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser(
        'application/json',
        { parseAs: 'string', bodyLimit: largestBodyBytes },
        (_request, body, done) => {
          try {
            done(null, readJson(String(body)))
          } catch (error) {
            done(error as Error)
          }
        },
      )
      // Bytes are streamed by whoever wants them.
      scope.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
      scope.setErrorHandler(sendError)
      scope.get('/openapi.json', (_request, reply) => {
        document ??= toJson(openApiOf(nativeOperations, { prefix: nativePrefix, version: context.version }))
        return send(reply, document)
      })
      for (const each of bindOperations()) {
        scope.route({
          method: each.spec.method,
          url: each.spec.path.replaceAll(/\{(\w+)\}/g, ':$1'),
          exposeHeadRoute: false,
          handler: (request, reply) => answer(context, each, { request, reply, stopping: stopping.signal }),
        })
      }
    },
    { prefix: nativePrefix },
  )
  answerNotServed(app, nativePrefix, sendNotServed)
}

/** A method that an address does not take has no code of its own. */
const sendNotServed = (reply: FastifyReply, { status, message }: NotServed): FastifyReply =>
  sendFailure(reply, status, new AppError(status === 404 ? 'not_found' : 'invalid_argument', message))

type AnyHandler = (context: NativeContext, call: object, reply: FastifyReply) => Promise<unknown>

async function answer(
  context: NativeContext,
  { id, spec, read }: BoundOperation,
  { request, reply, stopping }: { request: FastifyRequest; reply: FastifyReply; stopping: AbortSignal },
): Promise<FastifyReply> {
  if (spec.bodyBytes === undefined && spec.body === undefined && request.method !== 'GET') checkNoBytes(request)
  if (spec.bodyBytes !== undefined && !/^application\/octet-stream\b/i.test(request.headers['content-type'] ?? ''))
    throw new AppError('invalid_argument', 'The body: send the bytes with the content type application/octet-stream.')
  const left = new AbortController()
  reply.raw.once('close', () => left.abort())
  const call = {
    ...read(request),
    caller: callerOf(request, context.userName),
    signal: AbortSignal.any([left.signal, stopping]),
    raw: request,
  } satisfies Record<keyof CallOf<'getRun'>, unknown>
  // A table by id gives each handler its own call, which a lookup by a union of ids cannot express.
  const handle = handlers[id] as AnyHandler
  if (spec.answerBytes !== undefined) return (await handle(context, call, reply)) as FastifyReply
  const work = async (): Promise<string | Uint8Array> => {
    const result = await handle(context, call, reply)
    return result instanceof JsonText ? result.text : toJson(result)
  }
  const isRead = spec.isRead ?? spec.method === 'GET'
  const json = isRead ? await work() : await once(context, request, work)
  if (spec.area === 'Registry' && !isRead) context.onRegistryChange?.()
  return await send(reply, json)
}

/** Requests without a body of ours: what another site's form could send must not pass for one. */
function checkNoBytes(request: FastifyRequest): void {
  if (request.headers['content-type'] !== undefined && !/^application\/json\b/i.test(request.headers['content-type']))
    throw new AppError('invalid_argument', 'The body, if any, is JSON: send it with the content type application/json.')
}

const send = (reply: FastifyReply, json: string | Uint8Array): FastifyReply => reply.header('content-type', jsonType).send(json)

/** What the request says of itself: a user name where it carries one, else the server's own answer, and the name of the program. */
function callerOf({ headers }: FastifyRequest, userName: string): Caller {
  const basic = /^basic\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const user = basic === undefined ? '' : (Buffer.from(basic, 'base64').toString().split(':')[0] ?? '')
  return {
    by: user.slice(0, 100).toWellFormed() || userName,
    via: (headers['user-agent'] ?? '').split(' ')[0]!.slice(0, 100) || 'api',
  }
}

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const refused = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  const known = isAppError(error)
    ? error
    : refused >= 400 && refused < 500
      ? new AppError('invalid_argument', (error as Error).message)
      : new AppError('internal', 'The server met a defect of its own; its log says more.')
  const status = isAppError(error) ? statuses[known.code] : refused >= 400 && refused < 500 ? refused : 500
  if (status >= 500 && !isStopping(error) && !noteVanished(request))
    request.log.error({ err: error, requestId: request.id }, 'request failed')
  return sendFailure(reply, status, known)
}

const sendFailure = (reply: FastifyReply, status: number, { code, message, details }: AppError): FastifyReply =>
  reply
    .code(status)
    .header('content-type', 'application/json')
    .send(toJson({ error: { code, message, details } }))
