import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { noteSender, type RunTokens } from './run-tokens.ts'
import { servedItemRoute } from './served-items.ts'

export interface GuardOptions {
  /** The server can be reached from this machine only: requests that name another host come from a page that tricks a browser. */
  readonly loopback: boolean
  /** Names under which the server may be asked for, beside this machine's own and bare addresses. */
  readonly hosts: readonly string[]
  /** Pages of these origins (`https://lab.example.org`) may ask and change as this server's own do. */
  readonly origins?: readonly string[]
  /** Every request but those to `/health` must carry it. */
  readonly token: string | undefined
  /** Tokens of jobs: each opens what MLflow's clients ask for, of every run, and says which run it is that speaks. */
  readonly runTokens?: RunTokens
  /** Addresses that this server has given out open themselves, without any token. */
  readonly isSigned?: (url: string) => boolean
}

const open = new Set(['/health'])
const reading = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The one place that every request of every dialect passes. */
export function createGuard(
  options: GuardOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('x-frame-options', 'SAMEORIGIN')
    const path = request.url.split('?', 1)[0]!
    if (open.has(path)) return undefined
    const host = hostNameOf(request.headers.host ?? '')
    if (!isOwnName(host, options)) return refuse(reply, 403, 'Invalid Host header: this server is not known under that name.')
    const { origin } = request.headers
    if (origin !== undefined && options.origins?.includes(origin)) {
      letIn(reply, origin)
      if (request.method === 'OPTIONS') return answerPreflight(reply)
    } else if (origin !== undefined && !reading.has(request.method) && !isOwnOrigin(origin, request.headers.host ?? ''))
      return refuse(reply, 403, 'Cross-origin request blocked')
    const runId = options.runTokens?.runOf(bearerOf(request))
    if (runId !== undefined) {
      if (options.token !== undefined && !isForJobs(request) && options.isSigned?.(request.url) !== true)
        return refuse(reply, 403, "A job's token opens what MLflow's clients ask for; this needs the token of the server.")
      noteSender(request.raw, runId)
    } else if (
      options.token !== undefined &&
      !carries(request, options.token) &&
      options.isSigned?.(request.url) !== true &&
      !isHook(request) &&
      !isShelf(request)
    ) {
      reply.header('www-authenticate', 'Basic realm="trainyard"')
      return refuse(reply, 401, 'This server asks for its token: send it as a bearer token or as the password of any user.')
    }
    return undefined
  }
}

/**
 * Whether the hook above would let a request through, told in a microsecond and only of requests that leave no doubt: none from a
 * page, none in the name of a run. False is no refusal: the hook is to be asked.
 */
export function createPass(options: GuardOptions): (request: IncomingMessage) => boolean {
  let knownHost: string | undefined
  return ({ headers }) => {
    const { host = '', origin, authorization } = headers
    if (origin !== undefined) return false
    if (host !== knownHost) {
      if (!isOwnName(hostNameOf(host), options)) return false
      knownHost = host
    }
    return options.token === undefined ? authorization === undefined : carries({ headers }, options.token)
  }
}

const letIn = (reply: FastifyReply, origin: string): void => {
  reply.header('access-control-allow-origin', origin).header('vary', 'origin')
  reply.header('access-control-expose-headers', 'content-range, content-disposition, x-request-id')
}

/** What a browser asks before it lets a page ask. It carries no token. */
const answerPreflight = (reply: FastifyReply): FastifyReply =>
  reply
    .code(204)
    .header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE')
    .header(
      'access-control-allow-headers',
      'authorization, content-type, idempotency-key, last-event-id, range, x-mlflow-workspace',
    )
    .header('access-control-max-age', '600')
    .send()

const refuse = (reply: FastifyReply, status: number, sentence: string): FastifyReply =>
  reply.code(status).type('text/plain; charset=utf-8').send(sentence)

/** Without port and brackets. */
const hostNameOf = (host: string): string => {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host)?.[1]
  return (bracketed ?? host.replace(/:\d+$/, '')).toLowerCase()
}

const isLoopbackName = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** A name that resolves to this machine can be anybody's; a bare address cannot be given away. */
const isOwnName = (host: string, { loopback, hosts }: GuardOptions): boolean =>
  isLoopbackName(host) || hosts.includes(host) || (!loopback && isIP(host) !== 0)

/** The very host and port that are asked: a page of another port, even on this machine, is another program's. */
function isOwnOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  // In the same words: a port that the scheme implies may be written or not.
  return URL.parse(`${url.protocol}//${host}`)?.host === url.host
}

/**
 * Where jobs' clients of other trackers go; nothing of this server's own interface.
 */
const jobRoutes = /^\/(?:(?:api|ajax-api)\/[23]\.0\/|api\/(?:v[12]\/)?(?!trainyard\/)|v1\/traces$|get-artifact$|version$)/

/** By the route that was found, since an address can be spelled in many ways; what is not served is nobody's secret. */
const isForJobs = ({ routeOptions: { url } }: FastifyRequest): boolean => url === undefined || jobRoutes.test(url)

/** An address that nobody can guess opens itself: others' programs can send no token with what they tell. */
const isHook = ({ routeOptions: { url }, method }: FastifyRequest): boolean =>
  method === 'POST' && url === '/api/trainyard/v1/hooks/:token'

/** What comes with every copy of this program, and is fetched by a client that sends no token with what it downloads. */
const isShelf = ({ routeOptions: { url }, method, params }: FastifyRequest): boolean =>
  method === 'GET' && url === servedItemRoute && (params as Record<string, string>)['source'] === 'trainyard'

const bearerOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
  /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? sessionOf(headers.cookie) ?? ''

/** MLRun's client takes a long token with dashes for a session of its own platform and sends it as a cookie. */
function sessionOf(cookie: string | undefined): string | undefined {
  const written = /(?:^|;\s*)session=([^;]*)/.exec(cookie ?? '')?.[1]
  if (written === undefined) return undefined
  const decoded = written.includes('%') ? (decodeOnce(written) ?? written) : written
  return /^"?j:\{\\?"sid\\?":\s*\\?"([^"\\]+)\\?"\}"?$/.exec(decoded)?.[1]
}

function decodeOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function carries(request: Pick<IncomingMessage, 'headers'>, token: string): boolean {
  const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ')
  if (scheme === '') return isSame(sessionOf(request.headers.cookie) ?? '', token)
  if (/^bearer$/i.test(scheme)) return isSame(given, token)
  if (!/^basic$/i.test(scheme)) return false
  const pair = Buffer.from(given, 'base64').toString()
  return isSame(pair.slice(pair.indexOf(':') + 1), token)
}

function isSame(given: string, token: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(token)]
  return left.length === right.length && timingSafeEqual(left, right)
}
