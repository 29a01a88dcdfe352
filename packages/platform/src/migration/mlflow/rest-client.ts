import { AppError } from '@trainyard/contract'
import { Readable } from 'node:stream'
import { messageOf } from '../../base/errors.ts'

export interface RestOptions {
  /** `MLFLOW_TRACKING_USERNAME`, `_PASSWORD`, `_TOKEN`, as MLflow's own client reads them. */
  environment: Readonly<Record<string, string | undefined>>
  workspace?: string
  /** Sent instead of `fetch`: tests count and break requests. */
  fetch?: typeof fetch
}

/** MLflow's REST protocol from the client's side: messages in and out, retries where they are safe. */
export interface RestClient {
  /** Origin and path, without credentials. */
  readonly name: string
  get(path: string, query?: Record<string, string | number | undefined>): Promise<JsonMessage>
  send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object): Promise<JsonMessage>
  /** Bytes at a path below the server's address; `not_found` when missing. */
  download(path: string, query?: Record<string, string>): Promise<AsyncIterable<Uint8Array>>
  upload(path: string, body: AsyncIterable<Uint8Array>): Promise<void>
}

/** What was answered: read field by field with the functions of `wire-fields.ts`. */
export type JsonMessage = Readonly<Record<string, unknown>>

const patienceMs = 60_000
const attempts = 5
const retriedStatuses = new Set([408, 425, 429, 500, 502, 503, 504])

export function createRestClient(address: string, options: RestOptions): RestClient {
  const base = new URL(address)
  const authorization = authorizationOf(base, options.environment)
  base.username = ''
  base.password = ''
  base.search = ''
  base.hash = ''
  const root = base.href.replace(/\/+$/, '')
  const headers: Record<string, string> = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(options.workspace === undefined ? {} : { 'x-mlflow-workspace': options.workspace }),
  }
  const ask = async (path: string, init: RequestInit, isSafe: boolean): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      const response = await tryOnce(options.fetch ?? fetch, `${root}${path}`, {
        ...init,
        headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
      })
      if (response instanceof Response && response.ok) return response
      const mayHelp = response instanceof Response ? retriedStatuses.has(response.status) : true
      if (!isSafe || !mayHelp || attempt === attempts || (await isHopeless(response))) throw await refusal(root, path, response)
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt))
    }
  }
  const read = async (response: Response): Promise<JsonMessage> => {
    const value: unknown = await response.json().catch(() => undefined)
    if (typeof value === 'object' && value !== null) return value as JsonMessage
    throw new AppError('invalid_argument', `${root} does not answer as an MLflow server does.`)
  }
  return {
    name: root,
    get: async (path, query = {}) =>
      await read(await ask(`${path}${queryOf(query)}`, { signal: AbortSignal.timeout(patienceMs) }, true)),
    send: async (method, path, body) => {
      const init = {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(patienceMs),
      }
      return await read(await ask(path, init, path.endsWith('/search')))
    },
    download: async (path, query = {}) => {
      const { body } = await ask(`${path}${queryOf(query)}`, {}, true)
      return body === null ? Readable.from([]) : Readable.fromWeb(body)
    },
    upload: async (path, body) => {
      const init = { method: 'PUT', body: Readable.toWeb(Readable.from(body)) as RequestInit['body'], duplex: 'half' }
      await ask(path, init as RequestInit, false)
    },
  }
}

function authorizationOf(url: URL, environment: RestOptions['environment']): string | undefined {
  const user = url.username === '' ? environment['MLFLOW_TRACKING_USERNAME'] : decodeURIComponent(url.username)
  const password = url.username === '' ? environment['MLFLOW_TRACKING_PASSWORD'] : decodeURIComponent(url.password)
  if (user) return `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
  const token = environment['MLFLOW_TRACKING_TOKEN']
  return token ? `Bearer ${token}` : undefined
}

function queryOf(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** The answer, or the failure to get one. */
const tryOnce = async (send: typeof fetch, url: string, init: RequestInit): Promise<Response | { failure: unknown }> => {
  try {
    return await send(url, init)
  } catch (failure) {
    return { failure }
  }
}

/** A server that is not there at all is told at once; MLflow's own 500 for a missing artifact does not pass either. */
async function isHopeless(response: Response | { failure: unknown }): Promise<boolean> {
  if (!(response instanceof Response))
    return causeOf(response.failure) === 'ECONNREFUSED' || causeOf(response.failure) === 'ENOTFOUND'
  return response.status === 500 && (await response.clone().text()).includes('INTERNAL_ERROR')
}

const causeOf = (failure: unknown): string | undefined => {
  const cause = failure instanceof Error ? failure.cause : undefined
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
}

async function refusal(root: string, path: string, response: Response | { failure: unknown }): Promise<AppError> {
  if (!(response instanceof Response)) {
    const reason = causeOf(response.failure) ?? messageOf(response.failure)
    return new AppError('unavailable', `${root} cannot be reached: ${reason}.`, { cause: response.failure })
  }
  const text = await response.text()
  const said = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200)
  const sentence = `${root} answered ${response.status} to ${path.replace(/\?.*/, '')}: ${said || 'nothing more'}`
  if (response.status === 401 || response.status === 403)
    return new AppError(
      'permission_denied',
      `${sentence}. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.`,
    )
  if (response.status === 404) return new AppError('not_found', sentence)
  return new AppError(response.status >= 500 ? 'unavailable' : 'invalid_argument', sentence)
}
