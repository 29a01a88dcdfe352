import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { JsonText, jsonType } from '../json-text.ts'
import { jobRunOf } from '../run-tokens.ts'
import { isStopping } from '../refuse-stopping.ts'
import { noteVanished } from '../vanished.ts'
import { assessmentRoutes } from './assessments.ts'
import { artifactListRoutes, artifactProxy, artifactReading } from './artifacts.ts'
import { defectAnswer, invalid, toAnswer } from './errors.ts'
import { evaluationDatasetRoutes } from './evaluation-datasets.ts'
import { experimentRoutes } from './experiments.ts'
import { inputRoutes } from './inputs.ts'
import { createJobReach, type JobReach } from './job-reach.ts'
import { createJobs, type Job, type Jobs, withJobs } from './job-scope.ts'
import { loggedModelRoutes } from './logged-models.ts'
import { metricRoutes } from './metrics.ts'
import { scorerRoutes } from './scorers.ts'
import type { AddressSigner } from '../signed-address.ts'
import { multipartBytes, multipartMessages } from './multipart.ts'
import { otlpRoutes } from './otlp.ts'
import { modelVersionReading } from './model-version-artifacts.ts'
import { modelVersionRoutes } from './model-versions.ts'
import { registeredModelRoutes } from './registry-models.ts'
import type { MlflowCall, MlflowContext, Route } from './route.ts'
import { runLogRoutes } from './run-log.ts'
import { runRoutes } from './runs.ts'
import { serverRoutes } from './server-routes.ts'
import { traceFigureRoutes } from './trace-figures.ts'
import { traceReading } from './trace-artifacts.ts'
import { traceRoutes } from './traces.ts'
import { traceRoutesV2 } from './traces-v2.ts'
import { webhookRoutes } from './webhooks.ts'
import { workspaceRoutes } from './workspaces.ts'
import { createVersionLineage } from './version-lineage.ts'
import { parseBody } from './wire.ts'

/** Every message this dialect answers, those of the registry aside. */
const recordRoutes: readonly Route[] = [
  ...experimentRoutes,
  ...runRoutes,
  ...runLogRoutes,
  ...metricRoutes,
  ...inputRoutes,
  ...loggedModelRoutes,
  ...artifactListRoutes,
  ...traceFigureRoutes,
  ...traceRoutes,
  ...traceRoutesV2,
  ...assessmentRoutes,
  ...evaluationDatasetRoutes,
  ...scorerRoutes,
  ...webhookRoutes,
  ...workspaceRoutes,
  ...serverRoutes,
]

/** Those too that need more than a table. */
function routesOf(context: MlflowContext): readonly Route[] {
  const registryContext = { registry: context.registry, lineage: createVersionLineage(context) }
  return [...recordRoutes, ...registeredModelRoutes(registryContext), ...modelVersionRoutes(registryContext)].map(withJobs)
}

/** Older clients use the first, browsers the second; both mean the same. */
const prefixes = ['/api', '/ajax-api']

/** Enough for 1,000 metrics, 100 parameters and 100 tags of any length that is allowed, with room. */
const largestBodyBytes = 32 * 1024 * 1024

/** The dialect as a Fastify scope of its own: its bodies, its errors, its routes. */
export function mlflowDialect(app: FastifyInstance, context: MlflowContext, signer: AddressSigner): void {
  const routes = routesOf(context)
  const jobs = createJobs(context)
  const reach = createJobReach(context)
  const jobOf = async ({ raw }: FastifyRequest): Promise<Job | undefined> => {
    const sender = jobRunOf(raw)
    return sender === undefined ? undefined : await jobs.of(sender)
  }
  /** Files are named by their address, or by the run or model they belong to. */
  const checkFiles = async (request: FastifyRequest): Promise<void> => {
    const job = await jobOf(request)
    if (job === undefined) return
    const method = request.method === 'GET' || request.method === 'HEAD' ? 'GET' : 'POST'
    const params = request.params as Record<string, string>
    const { path } = request.query as Record<string, unknown>
    const address = params['*'] ?? (request.routeOptions.url?.endsWith('/mlflow-artifacts/artifacts') ? path : undefined)
    if (typeof address === 'string' && address !== '') {
      const { owner } = await context.places.resolve(address.replace(/\/+$/, ''))
      await reach.checkFile(job, owner, method === 'POST')
    } else await reach.checkMessage(job, { method, path: 'files' }, request.query, params)
  }
  void app.register(async (messages) => {
    messages.removeAllContentTypeParsers()
    messages.addContentTypeParser('*', { parseAs: 'string', bodyLimit: largestBodyBytes }, (_request, body, done) =>
      done(null, body),
    )
    messages.setErrorHandler(sendError)
    for (const prefix of prefixes) {
      multipartMessages(messages, { context, signer, checkFiles }, prefix)
      for (const each of routes) {
        messages.route({
          method: each.method,
          url: `${prefix}/${each.version}/mlflow/${each.path}`,
          exposeHeadRoute: false,
          handler: (request, reply) => answer({ context, jobs, reach }, each, request, reply),
        })
      }
    }
  })
  void app.register(async (bytes) => {
    bytes.removeAllContentTypeParsers()
    bytes.addContentTypeParser('*', (_request, _payload, done) => done(null))
    bytes.setErrorHandler(sendError)
    bytes.addHook('preHandler', checkFiles)
    for (const prefix of prefixes) artifactProxy(bytes, context, prefix)
    artifactReading(bytes, context)
    modelVersionReading(bytes, context, projectOf)
    traceReading(bytes, context)
    multipartBytes(bytes, { context, signer })
  })
  void app.register(async (spans) => {
    spans.removeAllContentTypeParsers()
    spans.setErrorHandler(sendError)
    otlpRoutes(spans, context, { jobOf, reach })
  })
}

async function answer(
  { context, jobs, reach }: { context: MlflowContext; jobs: Jobs; reach: JobReach },
  each: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const written = each.method === 'GET' ? request.query : readBody(request)
  const sender = jobRunOf(request.raw)
  const job = sender === undefined ? undefined : await jobs.of(sender)
  const params = request.params as Record<string, string>
  if (job) await reach.checkMessage(job, each, written, params)
  const result = await each.handle(context, written, {
    params,
    project: job?.project ?? projectOf(request),
    get caller() {
      return callerOf(request, job, context.userName)
    },
    ...(job === undefined ? {} : { job }),
  })
  if (each.method !== 'GET' && /^(?:registered-models|model-versions)\//.test(each.path)) context.onRegistryChange?.()
  return reply
    .code(each.status ?? 200)
    .header('content-type', jsonType)
    .send(result instanceof JsonText ? result.text : JSON.stringify(result))
}

function readBody(request: FastifyRequest): unknown {
  const { method, headers } = request
  if (method === 'POST' || method === 'PUT') {
    const type = headers['content-type']
    if (type === undefined) throw invalid('Bad Request. Content-Type header is missing.')
    if (type !== 'application/json' && !/^application\/json\s*(?:;|$)/i.test(type))
      throw invalid("Bad Request. Content-Type must be one of ['application/json'].")
  }
  return parseBody(typeof request.body === 'string' ? request.body : '')
}

/** What newer clients call a workspace. */
const projectOf = ({ headers }: FastifyRequest): string => {
  const named = headers['x-mlflow-workspace']
  return typeof named === 'string' && named !== '' ? named : 'default'
}

/** What the request says of itself: a user name where it carries one, else whose job it comes from, and the name of the program. */
function callerOf({ headers }: FastifyRequest, job: Job | undefined, otherwise: string): NonNullable<MlflowCall['caller']> {
  const basic = /^basic\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const user = basic === undefined ? '' : (Buffer.from(basic, 'base64').toString().split(':')[0] ?? '')
  return {
    by: user.slice(0, 100).toWellFormed() || job?.owner || undefined,
    otherwise,
    via: (headers['user-agent'] ?? '').split(' ')[0]!.slice(0, 100) || 'mlflow',
  }
}

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const known = toAnswer(error)
  if (known && known.status < 500)
    return reply.code(known.status).header('content-type', 'application/json').send(JSON.stringify(known.body))
  if (!isStopping(error) && !noteVanished(request))
    request.log.error({ err: error, method: request.method, url: request.url.split('?', 1)[0] }, 'request failed')
  const body = known?.body ?? defectAnswer
  return reply
    .code(known?.status ?? 500)
    .header('content-type', 'application/json')
    .send(JSON.stringify(body))
}
