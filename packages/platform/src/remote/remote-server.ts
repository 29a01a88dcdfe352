import { Readable } from 'node:stream'
import { AppError, type ErrorCode, errorCodes, sentence } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'

export interface RemoteServerOptions {
  /** For example `http://ml.example.org:5000`. */
  url: string
  token?: string
  /** In place of the runtime's own, in tests. */
  fetch?: typeof fetch
}

/** Of a list each value stands under the same name. */
type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const prefix = '/api/trainyard/v1'
/** Of an answer that is no stream. */
const patienceMs = 60_000

interface ToldError {
  code: ErrorCode
  message: string
  details: Record<string, unknown>
}

/** What our own interface on the server answered, in its own words; a proxy in front of it does not speak them. */
export class RemoteRefusal extends AppError {
  /** The request itself is wrong, and will be at any other time. */
  readonly isFinal: boolean

  constructor(status: number, { code, message, details }: ToldError) {
    super(code, message, { details })
    this.isFinal = (status === 400 && code === 'invalid_argument') || (status === 409 && code === 'already_exists')
  }
}

/** The server does not take the record of a run, now or later. */
export class RecordRefused extends AppError {
  constructor(reason: RemoteRefusal) {
    super(reason.code, reason.message, { cause: reason, details: reason.details })
  }
}

/**
 * Another machine's server, through its native interface. What it refuses is thrown with its own code and sentence; when it cannot
 * be reached, or is about to stop, the code is `unavailable`, and the same request may be sent again.
 */
export class RemoteServer {
  readonly url: string
  readonly #token: string | undefined
  readonly #fetch: typeof fetch

  constructor({ url, token, fetch: given }: RemoteServerOptions) {
    const parsed = URL.parse(url)
    if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
      throw new AppError('invalid_argument', `The address of a server is http://host:port or https://host, not '${url}'.`)
    this.url = url.replace(/\/+$/, '')
    this.#token = token
    this.#fetch = given ?? fetch
  }

  async json<Answer>(method: Method, path: string, given: { query?: Query; body?: unknown } = {}): Promise<Answer> {
    const body = given.body === undefined ? {} : { body: toWireJson(given.body), contentType: 'application/json' }
    const response = await this.#send(method, path, { ...body, ...(given.query && { query: given.query }) })
    return await readAnswer<Answer>(this.url, response)
  }

  /** Sends bytes as they are. */
  async upload<Answer>(path: string, bytes: Uint8Array | Readable, given: { method: Method; query: Query }): Promise<Answer> {
    const isStream = bytes instanceof Readable
    const response = await this.#send(given.method, path, {
      body: isStream ? (Readable.toWeb(bytes) as ReadableStream) : Uint8Array.from(bytes),
      contentType: 'application/octet-stream',
      query: given.query,
      isStream,
    })
    return await readAnswer<Answer>(this.url, response)
  }

  /** The answer's bytes, streamed. */
  async bytes(path: string, query: Query = {}, headers: Record<string, string> = {}): Promise<AsyncIterable<Uint8Array>> {
    const { body } = await this.#send('GET', path, { query, headers, isStream: true })
    return body ?? Readable.from([])
  }

  async #send(
    method: Method,
    path: string,
    given: {
      body?: string | Uint8Array<ArrayBuffer> | ReadableStream
      contentType?: string
      query?: Query
      headers?: Record<string, string>
      isStream?: boolean
    },
  ): Promise<Response> {
    const address = `${this.url}${prefix}${path}${queryText(given.query)}`
    let response: Response
    try {
      response = await this.#fetch(address, {
        method,
        headers: {
          ...given.headers,
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(given.contentType === undefined ? {} : { 'content-type': given.contentType }),
        },
        ...(given.body === undefined ? {} : { body: given.body }),
        ...(given.isStream ? { duplex: 'half' } : { signal: AbortSignal.timeout(patienceMs) }),
      })
    } catch (error) {
      throw unreachable(this.url, error)
    }
    if (!response.ok) throw await refusal(this.url, response)
    return response
  }
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : typeof value === 'object' ? value.map((each) => [key, each]) : [[key, String(value)]],
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}

/** JSON has no NaN and no infinities. */
const toWireJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === 'number' && !Number.isFinite(each) ? String(each) : each))

function unreachable(url: string, error: unknown): AppError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return new AppError('unavailable', `The server ${url} cannot be reached: ${systemReason(cause)}.`, { cause: error })
}

/** A proxy may answer a page of its own in place of ours, or the connection may break in the middle. */
async function readAnswer<Answer>(url: string, response: Response): Promise<Answer> {
  try {
    return (await response.json()) as Answer
  } catch (error) {
    throw new AppError('unavailable', `What ${url} answered is not an answer of Trainyard: ${systemReason(error)}.`, {
      cause: error,
    })
  }
}

async function refusal(url: string, response: Response): Promise<AppError> {
  const text = await response.text().catch(() => '')
  if (response.status === 401)
    return new AppError('permission_denied', `The server ${url} asks for a token: set TRAINYARD_TOKEN.`)
  const told = readError(text)
  if (told) return new RemoteRefusal(response.status, told)
  if (response.status === 404) return new AppError('not_found', `${url} does not serve Trainyard's native interface.`)
  const code: ErrorCode = response.status >= 500 ? 'unavailable' : 'invalid_argument'
  if (/^\s*</.test(text))
    return new AppError(code, `What answers at ${url} is no Trainyard server: it sent a page, with status ${response.status}.`)
  return new AppError(
    code,
    sentence(`The server ${url} answered ${response.status}: ${text.slice(0, 200).trim() || 'nothing more'}`),
  )
}

function readError(text: string): ToldError | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string; details?: Record<string, unknown> } }
    const code = errorCodes.find((known) => known === error?.code)
    return code && { code, message: error?.message ?? '', details: error?.details ?? {} }
  } catch {
    return undefined
  }
}
