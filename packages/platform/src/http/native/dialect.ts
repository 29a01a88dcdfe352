import { AppError, type ErrorCode, isAppError } from '@trainyard/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import packageJson from '../../../package.json' with { type: 'json' }
import { followRun } from './follow-run.ts'
import { toJson } from './json.ts'
import { openApiOf } from './openapi.ts'
import type { NativeContext, Operation } from './operation.ts'
import { operations } from './operations.ts'

/** Collides with no other dialect. */
export const nativePrefix = '/api/trainyard/v1'

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
  const document = toJson(openApiOf(operations, { prefix: nativePrefix, version: packageJson.version }))
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
            done(null, body === '' ? {} : JSON.parse(String(body)))
          } catch (error) {
            done(new AppError('invalid_argument', 'The body is not valid JSON.', { cause: error }))
          }
        },
      )
      scope.setErrorHandler(sendError)
      scope.get('/openapi.json', (_request, reply) => send(reply, document))
      scope.get('/runs/:run/changes', (request, reply) => followRun({ ...context, stopping: stopping.signal }, request, reply))
      for (const each of operations) {
        scope.route({
          method: each.method,
          url: each.path.replaceAll(/\{(\w+)\}/g, ':$1'),
          exposeHeadRoute: false,
          handler: (request, reply) => answer(context, each, request, reply),
        })
      }
    },
    { prefix: nativePrefix },
  )
}

async function answer(
  context: NativeContext,
  each: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const result = await each.run(context, {
    path: request.params as Record<string, string>,
    query: request.query,
    body: request.body,
  })
  return send(reply, toJson(result))
}

const send = (reply: FastifyReply, json: string): FastifyReply => reply.header('content-type', 'application/json').send(json)

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const refused = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  const known = isAppError(error)
    ? error
    : refused >= 400 && refused < 500
      ? new AppError('invalid_argument', (error as Error).message)
      : new AppError('internal', 'The server met a defect of its own; its log says more.')
  const status = isAppError(error) ? statuses[known.code] : refused >= 400 && refused < 500 ? refused : 500
  if (status >= 500) request.log.error({ err: error }, 'request failed')
  const { code, message, details } = known
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .send(toJson({ error: { code, message, details } }))
}
