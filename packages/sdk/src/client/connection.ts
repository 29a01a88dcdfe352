import { AppError, type ErrorCode, errorCodes } from '@trainyard/contract'
import type { AnswerOf, NativeOperations, OperationId, RequestOf } from '@trainyard/contract/native-api'
import { readingPosts, routes } from './routes.ts'

export interface ConnectOptions {
  /** What `trainyard up --token` asks for. */
  token?: string
  /** Instead of the global `fetch`, for proxies and tests. */
  fetch?: typeof fetch
}

type Parts<Id extends OperationId> = RequestOf<NativeOperations[Id]>
/** What a call of an operation takes; what has nothing in it may be left out. */
export type CallOptions<Id extends OperationId> = OptionalWhenEmpty<'path', Parts<Id>['path']> &
  OptionalWhenEmpty<'query', Parts<Id>['query']> &
  (NativeOperations[Id]['body'] extends undefined ? unknown : { body?: Parts<Id>['body'] }) & { signal?: AbortSignal | undefined }

type OptionalWhenEmpty<Name extends string, Value> = object extends Value
  ? { readonly [N in Name]?: Value }
  : { readonly [N in Name]: Value }

interface RawOptions {
  path?: Readonly<Record<string, string>>
  query?: object
  body?: unknown
  signal?: AbortSignal | undefined
  headers?: Readonly<Record<string, string>>
}

type Take<Value> = (answer: Response) => Value | Promise<Value>

const prefix = '/api/trainyard/v1'
const waitsMs = [100, 500, 2_000]

/** One server. Calls that change something carry a key, so that repeating them after a lost answer changes nothing twice. */
export class Connection {
  readonly url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #fetch: typeof fetch

  constructor(url: string, options: ConnectOptions = {}) {
    if (!/^https?:\/\//.test(url))
      throw new AppError('invalid_argument', `'${url}' is no address of a server; write http://127.0.0.1:5000.`)
    this.url = url.replace(/\/+$/, '')
    this.#headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  }

  /** Fails with the server's own `AppError`, or with `unavailable` when there is no answer after some tries. */
  async call<Id extends OperationId>(id: Id, options: CallOptions<Id>): Promise<AnswerOf<NativeOperations[Id]>> {
    return await this.#send(id, options, (answer) => answer.json() as Promise<AnswerOf<NativeOperations[Id]>>)
  }

  /** The answer as it comes, for bytes and streams. */
  async open(id: OperationId, options: RawOptions): Promise<Response> {
    return await this.#send(id, options, (answer) => answer)
  }

  async #send<Value>(id: OperationId, options: RawOptions, take: Take<Value>): Promise<Value> {
    const [method = '', template = ''] = routes[id].split(' ')
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options.path?.[name] ?? ''))
    const isBytes = options.body instanceof Uint8Array
    const request: RequestInit = {
      method,
      headers: {
        ...this.#headers,
        ...(method === 'GET' || readingPosts.has(id) ? {} : { 'idempotency-key': crypto.randomUUID() }),
        ...(options.body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...options.headers,
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.body === undefined ? {} : { body: isBytes ? options.body : toJson(options.body) }),
    } as RequestInit
    return await this.#ask(`${this.url}${prefix}${path}${toQuery(options.query)}`, request, take)
  }

  async #ask<Value>(url: string, request: RequestInit, take: Take<Value>): Promise<Value> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#try(url, request, take)
      if ('value' in outcome) return outcome.value
      const waitMs = waitsMs[attempt]
      if (outcome.failure.code !== 'unavailable' || waitMs === undefined) throw outcome.failure
      await sleep(waitMs, request.signal)
    }
  }

  async #try<Value>(url: string, request: RequestInit, take: Take<Value>): Promise<{ value: Value } | { failure: AppError }> {
    try {
      const answer = await this.#fetch(url, request)
      return answer.ok ? { value: await take(answer) } : { failure: await toAppError(answer) }
    } catch (error) {
      // An answer that is no JSON is whole: asking again would not better it.
      if (request.signal?.aborted || error instanceof SyntaxError) throw error
      return { failure: new AppError('unavailable', `The server ${this.url} does not answer.`, { cause: error }) }
    }
  }
}

/** Resolves early when the signal says so. */
export const sleep = (ms: number, signal?: AbortSignal | null): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal?.aborted) done()
    else signal?.addEventListener('abort', done)
  })

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part))

function toQuery(query: object = {}): string {
  const pairs = Object.entries(query as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]): [string, string][] => (Array.isArray(value) ? value : [value]).map((each) => [name, String(each)]))
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}

async function toAppError(answer: Response): Promise<AppError> {
  const text = await answer.text()
  const { code, message, details } = readError(text) ?? {}
  const known = errorCodes.find((each) => each === code)
  if (known !== undefined && message !== undefined) return new AppError(known, message, details ? { details } : {})
  // Not this interface's own answer: the guard's, or that of a proxy in between.
  return new AppError(codeOf(answer.status), text.slice(0, 500) || `The server answered with status ${answer.status}.`)
}

function readError(text: string): { code?: string; message?: string; details?: Record<string, unknown> } | undefined {
  try {
    const body = JSON.parse(text) as { error?: object | string } | null
    return typeof body?.error === 'object' ? body.error : undefined
  } catch {
    return undefined
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'permission_denied'
  if (status === 404) return 'not_found'
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'unavailable'
  return status >= 500 ? 'internal' : 'invalid_argument'
}
