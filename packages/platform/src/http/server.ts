import { join } from 'node:path'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import packageJson from '../../package.json' with { type: 'json' }
import type { Clock } from '../base/clock.ts'
import type { Definitions } from '../definitions/index.ts'
import type { Execution } from '../execution/index.ts'
import { createPartUploads, type ObjectContext } from '../objects/index.ts'
import { createFunctions } from '../functions/index.ts'
import { createHub } from '../hub/index.ts'
import type { Jobs } from '../jobs/index.ts'
import type { Registry } from '../registry/index.ts'
import type { Evaluation } from '../evaluation/index.ts'
import type { Schedules } from '../schedules/index.ts'
import type { Traces } from '../traces/index.ts'
import type { Notifications } from '../notifications/index.ts'
import type { ProjectSecrets } from '../secrets/index.ts'
import type { Tracking } from '../tracking/index.ts'
import type { Webhooks } from '../webhooks/index.ts'
import type { Holdings } from '../upkeep/index.ts'
import { createFunctionBuilds } from './function-builds.ts'
import { createGuard, createPass, type GuardOptions } from './guard.ts'
import { createArtifactPlaces, mlflowDialect, openLogLane } from './mlflow/index.ts'
import { createBackgroundTasks, mlrunDialect } from './mlrun/index.ts'
import { dashboardPages } from './dashboard/index.ts'
import { createChangeWatch, nativeDialect } from './native/index.ts'
import { notServed } from './other-methods.ts'
import { refuseStopping } from './refuse-stopping.ts'
import { servePlacesOfJobs } from './job-places.ts'
import { createAddressSigner } from './signed-address.ts'
import { createServedPlaces } from './served-places.ts'
import { serveMetrics } from './server-metrics.ts'
import { cutSlowClients } from './slow-clients.ts'
import { type ConnectionEnd, endingConnections } from './stop-connections.ts'

export interface ServerOptions {
  readonly tracking: Tracking
  readonly registry: Registry
  readonly traces: Traces
  readonly evaluation: Evaluation
  readonly webhooks: Webhooks
  readonly projectSecrets: ProjectSecrets
  readonly notifications: Notifications
  /** Functions, feature sets and whatever else has versions by its content. */
  readonly definitions: Definitions
  /** Told after a request that may have changed the registry, so that webhooks need not wait. */
  readonly onRegistryChange?: () => void
  readonly clock: Clock
  readonly objects: ObjectContext
  /** Where artifacts go that have no place of their own. */
  readonly artifactFolder: string
  /** Folders of this machine that may be read for others, beside that one. */
  readonly artifactRoots?: readonly string[]
  readonly holdings: Holdings
  /** Stops work that is under way; without it only runs that clients watch can be aborted. */
  readonly execution?: Execution
  /** The queue of work for servers; without it nothing can be asked for. */
  readonly jobs?: Jobs
  readonly schedules?: Schedules
  readonly guard: GuardOptions
  /** Whether code for builds may be fetched from this machine and private networks; not unless it says so. */
  readonly allowPrivate?: boolean
  readonly log?: FastifyBaseLogger
  /** Whose a request is that names nobody. */
  readonly userName?: string
  /** How whoever started it types a command, for the pages of the dashboard. */
  readonly programName?: 'trainyard' | 'npx trainyard'
}

/** The version of the MLflow protocol that is served. Clients switch features on by it: from 3.4 on they send spans to `/v1/traces`. */
export const protocolVersion = '3.17.2'

/** A server that is ready to listen. Closing it waits for requests under way, 10 s at most; it owns none of what it was given. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = newApp(options.log)
  refuseStopping(app)
  const signer = createAddressSigner()
  const isSigned = (url: string): boolean => signer.isSigned(url, options.clock.nowMs())
  app.addHook('onRequest', createGuard({ ...options.guard, isSigned }))
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id))
  if (options.log) logRequests(app)
  app.get('/health', (_request, reply) => reply.type('text/html; charset=utf-8').send('OK'))
  app.get('/version', (_request, reply) => reply.type('text/plain; charset=utf-8').send(protocolVersion))
  const { tracking, registry, traces, evaluation, webhooks, clock } = options
  const served = createServedPlaces({
    objects: options.objects,
    roots: [options.artifactFolder, ...(options.artifactRoots ?? [])],
  })
  const places = createArtifactPlaces({ tracking, traces, objects: options.objects, folder: options.artifactFolder, served })
  servePlacesOfJobs(app, { tracking, served })
  await tracking.experiments.ensureDefault()
  // Beside the artifacts, which may lie elsewhere.
  const uploads = createPartUploads(join(options.holdings.directory.path, 'uploads'), clock)
  await uploads.forgetOld()
  const { onRegistryChange, userName = 'unknown' } = options
  const context = { tracking, registry, traces, evaluation, webhooks, clock, places, uploads, onRegistryChange, userName }
  const noteAnswer = serveMetrics(app, options.holdings, packageJson.version)
  const functions = createFunctions(options.definitions)
  const environment = options.execution?.environment ?? {}
  const builds = createFunctionBuilds({
    functions,
    holdings: options.holdings,
    environment,
    allowPrivate: options.allowPrivate ?? false,
    nowMs: () => clock.nowMs(),
  })
  app.addHook('onClose', () => builds[Symbol.asyncDispose]())
  const stopped = new AbortController()
  app.addHook('onClose', async () => stopped.abort())
  // Whoever may run programs here may read its folders as well.
  const sources = { ...builds.sources(stopped.signal), allowLocal: options.jobs !== undefined }
  const hub = createHub({ definitions: options.definitions, sources })
  mlflowDialect(app, context, signer)
  mlrunDialect(app, {
    tracking,
    clock,
    functions,
    builds,
    hub,
    served,
    execution: options.execution,
    jobs: options.jobs,
    schedules: options.schedules,
    notifications: options.notifications,
    definitions: options.definitions,
    projectSecrets: options.projectSecrets,
    holdings: options.holdings,
    artifactFolder: options.artifactFolder,
    tasks: createBackgroundTasks(clock),
    userName: options.userName,
    placeOfRun: (runId, project) => places.ofRun(runId, { project, artifactLocation: null }),
  })
  nativeDialect(app, {
    tracking,
    registry,
    traces,
    projectSecrets: options.projectSecrets,
    notifications: options.notifications,
    functions,
    builds,
    definitions: options.definitions,
    clock,
    served,
    holdings: options.holdings,
    execution: options.execution,
    jobs: options.jobs,
    schedules: options.schedules,
    watch: createChangeWatch(tracking, registry),
    onRegistryChange,
    version: packageJson.version,
    startedAtMs: clock.nowMs(),
    hasToken: options.guard.token !== undefined,
    userName,
    placeOfRun: (runId, project) => places.ofRun(runId, { project, artifactLocation: null }),
    placeOfModel: (model) => places.ofModel(model),
    placeOfTrace: (trace) => places.ofTrace(trace),
  })
  const showMissingPage = dashboardPages(app, { programName: options.programName })
  app.setNotFoundHandler((request, reply) => notFound(request, reply, showMissingPage))
  let stopping: ConnectionEnd | undefined
  app.addHook('preClose', async () => stopping?.begin())
  await app.ready()
  openLogLane(app, context, { passes: createPass(options.guard), noteAnswer })
  const slow = cutSlowClients(app.server)
  stopping = endingConnections(app.server, (socket) => slow.isBusy(socket))
  app.server.once('close', () => slow[Symbol.dispose]())
  return app
}

/** Without routes, and with what no request of any dialect may do. */
function newApp(logger: FastifyBaseLogger | undefined): FastifyInstance {
  return Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs as much as parsing it, and only defects are logged, with what was asked for.
    childLoggerFactory: (log) => log,
    requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength: 2_000, ignoreTrailingSlash: true },
    // Requests and answers that stop moving are cut; a large upload that moves is not.
    connectionTimeout: 120_000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    // Refused by `refuseStopping`, in the words of each interface.
    return503OnClosing: false,
    rewriteUrl: (request) => rewriteProject(request),
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      void reply
        .code(error.statusCode ?? 400)
        .type('text/plain; charset=utf-8')
        .send(error.message)
    },
  })
}

function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ id, method, url }, { statusCode, elapsedTime }) => {
    // Without the query: filters may hold what is nobody's business.
    const facts = {
      requestId: id,
      method,
      path: url.split('?', 1)[0],
      status: statusCode,
      ms: Math.round(elapsedTime * 10) / 10,
    }
    app.log.info(facts, 'request')
  })
}

/** What belongs to no dialect with an answer of its own. Never JSON and never a page with 200: MLflow's clients fall back to older routes on this very answer. */
async function notFound(
  request: FastifyRequest,
  reply: FastifyReply,
  showMissingPage: ReturnType<typeof dashboardPages>,
): Promise<FastifyReply> {
  const { status } = notServed(request, reply)
  if (status === 405) return reply.code(405).type('text/plain; charset=utf-8').send('Method Not Allowed')
  return showMissingPage(request, reply) ?? reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
}

/** `/projects/<name>/api/…` is `/api/…` for that project, so that a client chooses it with its address alone. */
function rewriteProject(request: { url?: string | undefined; headers: Record<string, string | string[] | undefined> }): string {
  const url = request.url ?? '/'
  const found = /^\/projects\/([^/?]+)(\/(?:api|ajax-api|get-artifact|v1|version|health)(?:[/?].*)?)$/s.exec(url)
  if (!found) return url
  try {
    request.headers['x-mlflow-workspace'] = decodeURIComponent(found[1]!)
  } catch {
    return url
  }
  return found[2]!
}
