import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Clock } from '../base/clock.ts'
import type { ObjectContext } from '../objects/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Tracking } from '../tracking/index.ts'
import { createGuard, type GuardOptions } from './guard.ts'
import { createArtifactPlaces, mlflowDialect } from './mlflow/index.ts'
import { nativeDialect } from './native/index.ts'

export interface ServerOptions {
  readonly tracking: Tracking
  readonly registry: Registry
  readonly clock: Clock
  readonly objects: ObjectContext
  /** Where artifacts go that have no place of their own. */
  readonly artifactFolder: string
  readonly guard: GuardOptions
  readonly log?: FastifyBaseLogger
}

/**
 * The version of the MLflow protocol that is served. Clients switch features on by it: from 3.4 on they send spans to `/v1/traces`,
 * which is not served.
 */
export const protocolVersion = '3.3.2'

/** A server that is ready to listen. Closing it waits for requests under way; it owns none of what it was given. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    ...(options.log ? { loggerInstance: options.log } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 2_000, ignoreTrailingSlash: true },
    // Requests and answers that stop moving are cut; a large upload that moves is not.
    connectionTimeout: 120_000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    rewriteUrl: (request) => rewriteProject(request),
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      void reply
        .code(error.statusCode ?? 400)
        .type('text/plain; charset=utf-8')
        .send(error.message)
    },
  })
  app.addHook('onRequest', createGuard(options.guard))
  app.setNotFoundHandler(notFound)
  app.get('/health', (_request, reply) => reply.type('text/html; charset=utf-8').send('OK'))
  app.get('/version', (_request, reply) => reply.type('text/plain; charset=utf-8').send(protocolVersion))
  const places = createArtifactPlaces({
    tracking: options.tracking,
    objects: options.objects,
    folder: options.artifactFolder,
  })
  await options.tracking.experiments.ensureDefault()
  mlflowDialect(app, { tracking: options.tracking, registry: options.registry, clock: options.clock, places })
  nativeDialect(app, { tracking: options.tracking, clock: options.clock })
  await app.ready()
  return app
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Never JSON and never a page with 200: clients of the dialects fall back to older routes on this very answer. */
async function notFound(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const url = request.url.split('?', 1)[0]!
  const others = methods.filter((method) => method !== request.method && request.server.hasRoute({ method, url }))
  if (others.length > 0)
    return reply.code(405).header('allow', others.join(', ')).type('text/plain; charset=utf-8').send('Method Not Allowed')
  return reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
}

/** `/projects/<name>/api/…` is `/api/…` for that project, so that a client chooses it with its address alone. */
function rewriteProject(request: { url?: string | undefined; headers: Record<string, string | string[] | undefined> }): string {
  const url = request.url ?? '/'
  const found = /^\/projects\/([^/?]+)(\/(?:api|ajax-api|get-artifact|version|health)(?:[/?].*)?)$/s.exec(url)
  if (!found) return url
  try {
    request.headers['x-mlflow-workspace'] = decodeURIComponent(found[1]!)
  } catch {
    return url
  }
  return found[2]!
}
