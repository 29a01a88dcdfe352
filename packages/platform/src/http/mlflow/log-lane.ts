import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { NoteAnswer } from '../server-metrics.ts'
import { defectAnswer, toAnswer } from './errors.ts'
import type { MlflowContext, Route } from './route.ts'
import { runLogRoutes } from './run-log.ts'
import { parseBody } from './wire.ts'

const laneRoutes = new Set(['runs/log-metric', 'runs/log-batch'])
const largestBodyBytes = 32 * 1024 * 1024
const call = { params: {}, project: 'default' }
const headers = [
  'content-type',
  'application/json; charset=utf-8',
  'x-content-type-options',
  'nosniff',
  'x-frame-options',
  'SAMEORIGIN',
]

interface LaneOptions {
  /** Whether a request may come in without further questions. */
  passes(request: IncomingMessage): boolean
  readonly noteAnswer: NoteAnswer
}

/**
 * The two busiest requests beside Fastify, whose routing, hooks and objects cost half as much again as all that Node does for a
 * request (48 µs against 32 with nothing behind them). Only the plain case comes this way: as JSON of a known length, past the
 * guard without any doubt (`passes`). Everything else goes on to Fastify and its route of the same table, which says the same.
 */
export function openLogLane(app: FastifyInstance, context: MlflowContext, { passes, noteAnswer }: LaneOptions): void {
  const routes = new Map<string, Route>()
  for (const route of runLogRoutes)
    if (laneRoutes.has(route.path)) routes.set(`/api/${route.version}/mlflow/${route.path}`, route)
  const { server } = app
  const [others] = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const route = request.method === 'POST' ? routes.get(request.url!) : undefined
    if (!route || !server.listening || !isPlain(request) || !passes(request)) {
      others!(request, response)
      return
    }
    const startedMs = performance.now()
    serve(app, context, route, request, response, (status) =>
      noteAnswer({ method: 'POST', route: request.url!, status, ms: performance.now() - startedMs }),
    )
  })
}

const isPlain = ({ headers: given }: IncomingMessage): boolean =>
  given['content-type'] === 'application/json' && Number(given['content-length'] ?? Number.NaN) <= largestBodyBytes

function serve(
  app: FastifyInstance,
  context: MlflowContext,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  note: (status: number) => void,
): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    handle(context, route, body.toString()).then(
      (result) => {
        send(response, 200, JSON.stringify(result))
        note(200)
      },
      (error: unknown) => {
        const known = toAnswer(error)
        if (!known || known.status >= 500) app.log.error({ err: error, method: 'POST', url: request.url }, 'request failed')
        const status = known?.status ?? 500
        send(response, status, JSON.stringify(known?.body ?? defectAnswer))
        note(status)
      },
    )
  })
}

/** What is thrown while the message is read must arrive as a rejected promise. */
const handle = async (context: MlflowContext, route: Route, body: string): Promise<object> =>
  await route.handle(context, parseBody(body), call)

function send(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return
  response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}
