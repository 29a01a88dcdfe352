import { Readable } from 'node:stream'
import { AppError, isAppError } from '@trainyard/contract'
import type { Fetch } from '../base/guarded-fetch.ts'
import { rangeHeader, resolveRange } from './byte-range.ts'
import { abortedError, throwIfAborted } from './cancel.ts'
import { networkReason } from './network-reason.ts'
import { checkObjectKey } from './object-key.ts'
import type { GetOptions, ObjectContent, ObjectInfo, ObjectStore } from './object-store.ts'
import { shortened } from './object-url.ts'
import { resumableRead } from './resumable-read.ts'

export interface HttpStoreOptions {
  /** The address of a key. */
  addressOf: (key: string) => URL
  /** How long an answer may take to begin, and how long it may then be silent. Default 30,000. */
  timeoutMs?: number
  /** How addresses are asked; the runtime's own `fetch` unless given. */
  fetch?: Fetch
}

interface Asking {
  timeoutMs: number
  fetch: Fetch
}

/**
 * Objects of a web server, read-only. Redirects are followed. A connection that breaks midway is taken up with a range request
 * when the server can do that and the object is still the same (by its `ETag` or `Last-Modified`).
 */
export function createHttpStore(options: HttpStoreOptions): ObjectStore {
  const asking: Asking = { timeoutMs: options.timeoutMs ?? 30_000, fetch: options.fetch ?? fetch }
  const addressOf = (key: string): URL => options.addressOf(checkObjectKey(key))
  const refuse = async (key: string): Promise<never> => {
    throw new AppError(
      'failed_precondition',
      `${shortened(addressOf(key).href)} can only be read; write to a path, s3://, gs:// or az:// instead.`,
    )
  }

  return {
    writable: false,
    urlOf: (key) => addressOf(key).href,
    put: refuse,
    delete: refuse,
    get: (key, get = {}) => openContent(key, addressOf(key), get, asking),
    async head(key, head = {}) {
      // Some servers refuse HEAD, so one byte is asked for instead.
      const url = addressOf(key)
      const answer = await request(url, { range: 'bytes=0-0' }, { ...asking, signal: head.signal })
      await answer.body?.cancel()
      if (answer.status === 404 || answer.status === 410) return undefined
      return infoOf(key, answered(url, answer))
    },
    async list() {
      throw new AppError(
        'failed_precondition',
        `${shortened(options.addressOf('').href)} is a web address, whose files cannot be listed.`,
      )
    },
  }
}

async function openContent(key: string, url: URL, get: GetOptions, asking: Asking): Promise<ObjectContent> {
  const asked = resolveRange(get)
  const header = asked.offset === asked.end ? 'bytes=0-0' : rangeHeader(asked)
  const answer = answered(url, await request(url, header ? { range: header } : {}, { ...asking, signal: get.signal }))
  const info = infoOf(key, answer)
  const range = resolveRange(get, info.sizeBytes)
  if (range.offset === range.end) {
    await answer.body?.cancel()
    return { info, stream: Readable.from([]) }
  }
  const stream = resumableRead({
    address: shortened(url.href),
    first: bodyFrom(answer, range.offset),
    discardFirst: () => void answer.body?.cancel(),
    open: async (offset, signal) => reopen(url, answer, offset, { ...asking, signal }),
    ...range,
    signal: get.signal,
    idleTimeoutMs: asking.timeoutMs,
  })
  return { info, stream }
}

/** Goes on at `offset` of the same object, or says with `storage` that it has changed. */
async function reopen(
  url: URL,
  first: Response,
  offset: number,
  options: Asking & { signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const answer = answered(url, await request(url, { range: `bytes=${offset}-` }, options))
  for (const name of ['etag', 'last-modified']) {
    if (first.headers.get(name) !== answer.headers.get(name)) {
      await answer.body?.cancel()
      throw new AppError('storage', `${shortened(url.href)} changed while it was read; read it again.`)
    }
  }
  return bodyFrom(answer, offset)
}

/** The body from `offset` of the object on, whether or not the server heeded the range. */
async function* bodyFrom(answer: Response, offset: number): AsyncGenerator<Uint8Array> {
  let skip = offset - (answer.status === 206 ? (contentRange(answer)?.start ?? 0) : 0)
  if (!answer.body) return
  for await (const chunk of answer.body) {
    if (skip >= chunk.byteLength) {
      skip -= chunk.byteLength
    } else {
      yield skip > 0 ? chunk.subarray(skip) : chunk
      skip = 0
    }
  }
}

async function request(
  url: URL,
  headers: Record<string, string>,
  options: Asking & { signal: AbortSignal | undefined },
): Promise<Response> {
  const address = shortened(url.href)
  throwIfAborted(options.signal, `Reading ${address}`)
  const timer = new AbortController()
  const timeout = setTimeout(() => timer.abort(), options.timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, timer.signal]) : timer.signal
  const { username, password } = url
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const credentials = username || password ? { authorization: basicCredentials(username, password) } : {}
  try {
    // A compressed answer would make sizes and ranges lie.
    return await options.fetch(bare, { headers: { 'accept-encoding': 'identity', ...credentials, ...headers }, signal })
  } catch (error) {
    if (options.signal?.aborted) throw abortedError(options.signal, `Reading ${address}`)
    if (timer.signal.aborted)
      throw new AppError('unavailable', `${address} did not answer within ${options.timeoutMs / 1000} seconds.`, { cause: error })
    if (isAppError(error)) throw error
    throw new AppError('unavailable', `${address} cannot be reached: ${networkReason(error)}.`, { cause: error })
  } finally {
    clearTimeout(timeout)
  }
}

const basicCredentials = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`

/** The answer when it carries the object; otherwise one sentence. */
function answered(url: URL, answer: Response): Response {
  if (answer.ok || answer.status === 416) return answer
  const address = shortened(url.href)
  void answer.body?.cancel()
  const { status } = answer
  if (status === 404 || status === 410) throw new AppError('not_found', `There is nothing at ${address} (HTTP ${status}).`)
  if (status === 401 || status === 403) throw new AppError('permission_denied', `${address} refuses to be read (HTTP ${status}).`)
  if (status === 408 || status === 429 || status >= 500)
    throw new AppError('unavailable', `${address} answered with HTTP ${status}; try again later.`)
  throw new AppError('failed_precondition', `${address} answered with HTTP ${status} instead of a file.`)
}

function infoOf(key: string, answer: Response): ObjectInfo {
  const range = contentRange(answer)
  const length = answer.headers.get('content-length')
  const size = range ? range.total : answer.status === 200 && length !== null ? Number(length) : undefined
  const modified = Date.parse(answer.headers.get('last-modified') ?? '')
  const etag = answer.headers.get('etag')
  return {
    key,
    ...(size === undefined ? {} : { sizeBytes: size }),
    ...(Number.isNaN(modified) ? {} : { modifiedAtMs: modified }),
    ...(etag === null ? {} : { etag }),
  }
}

/** `bytes 5-9/10`, or `bytes *` + `/10` when nothing of the range exists. */
function contentRange(answer: Response): { start: number; total: number | undefined } | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '')
  if (!match) return undefined
  return { start: Number(match[1] ?? 0), total: match[2] === '*' ? undefined : Number(match[2]) }
}
