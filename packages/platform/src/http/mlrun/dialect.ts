import { writePythonJson } from '@trainyard/contract/python-json'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { jobRunOf } from '../run-tokens.ts'
import { checkJobReach } from './job-reach.ts'
import { isStopping } from '../refuse-stopping.ts'
import { answerNotServed } from '../other-methods.ts'
import { noteVanished } from '../vanished.ts'
import { alertRoutes } from './alerts.ts'
import { artifactRoutes } from './artifacts.ts'
import { artifactTagRoutes } from './artifact-tags.ts'
import { backgroundTaskRoutes } from './background-task-routes.ts'
import { clientSpecRoutes, servedVersion } from './client-spec.ts'
import { defectAnswer, toAnswer } from './errors.ts'
import { parseJson } from './json.ts'
import { loadProjectRoutes } from './load-project.ts'
import { logRoutes } from './logs.ts'
import { buildRoutes } from './build.ts'
import { featureStoreRoutes } from './feature-store.ts'
import { fileRoutes } from './files.ts'
import { functionRoutes } from './functions.ts'
import { hubRoutes } from './hub.ts'
import { hubItemRoutes } from './hub-items.ts'
import { monitoringRoutes } from './monitoring.ts'
import { runtimeResourceRoutes } from './runtime-resources.ts'
import { secretRoutes } from './secrets.ts'
import { submitRoutes } from './submit-routes.ts'
import { scheduleRoutes } from './schedules.ts'
import { workflowRoutes } from './workflows.ts'
import { projectRoutes } from './projects.ts'
import { Query } from './query.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route } from './route.ts'
import { runRoutes } from './runs.ts'

/** Every address this dialect answers. */
export const allRoutes: readonly Route[] = [
  ...clientSpecRoutes,
  ...projectRoutes,
  ...loadProjectRoutes,
  ...runRoutes,
  ...logRoutes,
  ...artifactRoutes,
  ...artifactTagRoutes,
  ...backgroundTaskRoutes,
  ...functionRoutes,
  ...buildRoutes,
  ...submitRoutes,
  ...workflowRoutes,
  ...scheduleRoutes,
  ...secretRoutes,
  ...hubRoutes,
  ...hubItemRoutes,
  ...featureStoreRoutes,
  ...alertRoutes,
  ...monitoringRoutes,
  ...fileRoutes,
  ...runtimeResourceRoutes,
]

/** A run with the tables of thousands of iterations, or a function with its code, with room. */
const largestBodyBytes = 64 * 1024 * 1024

/** The dialect as a Fastify scope of its own: its bodies, its errors, its routes. */
export function mlrunDialect(app: FastifyInstance, context: MlrunContext): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // Its client names the type of almost no body.
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestBodyBytes }, (_request, body, done) =>
      done(null, body),
    )
    scope.setErrorHandler(sendError)
    for (const each of allRoutes) {
      // Old clients leave the version out.
      const prefixes = each.version === 'v2' ? ['/api/v2'] : ['/api/v1', '/api']
      for (const prefix of prefixes)
        scope.route({
          method: each.method,
          url: `${prefix}/${each.path}`,
          exposeHeadRoute: false,
          handler: (request, reply) => answer(context, each, request, reply),
        })
    }
  })
  for (const prefix of ownPrefixes)
    answerNotServed(app, prefix, (reply, { status, message }) =>
      reply
        .code(status)
        .header('content-type', 'application/json')
        .send(JSON.stringify({ detail: message })),
    )
}

/** Not below `/api` alone, where MLflow's addresses lie too. */
const ownPrefixes = ['/api/v1', '/api/v2']

async function answer(context: MlrunContext, each: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const call: MlrunCall = {
    params: request.params as Record<string, string>,
    query: new Query(request.query),
    written: (request.query ?? {}) as Record<string, unknown>,
    headers: request.headers,
    bytes,
    body: () => (bytes.length === 0 ? null : parseJson(bytes.toString())),
    jobRunId: jobRunOf(request.raw),
  }
  await checkJobReach(context, each, call)
  const result = await each.handle(context, call, reply)
  const { status, body, headers } = result instanceof Answer ? result : new Answer(200, result)
  reply.code(status).header('x-mlrun-be-version', servedVersion).headers(headers)
  if (body === null) return await reply.send()
  if (typeof body === 'string' || Buffer.isBuffer(body)) return await reply.send(body)
  return await reply.header('content-type', 'application/json').send(writePythonJson(body))
}

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const known = toAnswer(error)
  if ((known === undefined || known.status >= 500) && !isStopping(error) && !noteVanished(request))
    request.log.error({ err: error, method: request.method, url: request.url.split('?', 1)[0] }, 'request failed')
  return await reply
    .code(known?.status ?? 500)
    .header('content-type', 'application/json')
    .send(JSON.stringify(known?.body ?? defectAnswer))
}
