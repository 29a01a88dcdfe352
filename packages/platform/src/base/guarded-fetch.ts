import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { Readable } from 'node:stream'
import { AppError } from '@trainyard/contract'
import { checkAddress, publicLookup } from './guarded-request.ts'

/** As much of `fetch` as reading needs. */
export type Fetch = (url: URL, options: { headers: Readonly<Record<string, string>>; signal: AbortSignal }) => Promise<Response>

const mostRedirects = 5
const redirects = new Set([301, 302, 303, 307, 308])
const bodiless = new Set([204, 205, 304])

/**
 * Reads an address that somebody else has chosen, for a server: over https, and never from this machine or a private network. What counts is
 * the address that is really connected to, after names are resolved, and again for every redirect. Credentials do not follow to another
 * host. `permission_denied` when refused.
 */
export const guardedFetch: Fetch = (url, options) => readGuarded(url, options, get)

type Get = (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<IncomingMessage>

/** The same with another way to connect to an address that was found right. */
export async function readGuarded(url: URL, { headers, signal }: Parameters<Fetch>[1], ask: Get): Promise<Response> {
  let [at, given] = [url, headers]
  for (let count = 0; ; count++) {
    const answer = await ask(checkAddress(at.href, false), given, signal)
    const { location } = answer.headers
    const status = answer.statusCode ?? 0
    if (!redirects.has(status) || location === undefined) return toResponse(answer, status)
    answer.resume()
    if (count === mostRedirects) throw new AppError('unavailable', `${url.origin} redirects more than ${mostRedirects} times.`)
    const next = URL.parse(location, at.href)
    if (next === null) throw new AppError('unavailable', `${at.origin} redirects to what is no address.`)
    if (next.origin !== at.origin) given = Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'authorization'))
    at = next
  }
}

const get: Get = (url, headers, signal) => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url, { headers, signal, agent: false, lookup: publicLookup }, resolve).on('error', reject).end()
  return promise
}

function toResponse(answer: IncomingMessage, status: number): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers))
    for (const each of typeof value === 'string' ? [value] : (value ?? [])) headers.append(name, each)
  return new Response(bodiless.has(status) ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), { status, headers })
}
