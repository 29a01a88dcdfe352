import { lookup as resolveName } from 'node:dns'
import { request as requestPlain } from 'node:http'
import { request as requestEncrypted } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AppError } from '@trainyard/contract'

export interface GuardedRequest {
  url: string
  method: 'POST' | 'GET' | 'PUT' | 'PATCH'
  headers: Readonly<Record<string, string>>
  body?: string
  timeoutMs: number
  /** Also to this machine and to private networks, and also without encryption. */
  allowPrivate: boolean
  /** False for receivers whose certificate nobody vouches for. */
  verifyCertificates?: boolean
}

export interface GuardedAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Its first 64 KiB. */
  body: string
}

const mostRedirects = 3
const longestBodyBytes = 64 * 1024

/**
 * Asks an address that somebody else has chosen. It is refused when it leads to this machine or into a private network: what counts is
 * the address that is really connected to, after names are resolved, and again for every redirect. Only redirects that keep method and
 * body are followed. `permission_denied` when refused, `unavailable` when nobody answers in time.
 */
export async function guardedRequest(request: GuardedRequest): Promise<GuardedAnswer> {
  const until = Date.now() + request.timeoutMs
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const answer = await ask({ ...request, url, timeoutMs: Math.max(1, until - Date.now()) })
    const { location } = answer.headers
    if ((answer.status !== 307 && answer.status !== 308) || typeof location !== 'string') return answer
    if (redirects === mostRedirects)
      throw new AppError('unavailable', `${request.url} redirects more than ${mostRedirects} times.`)
    url = URL.parse(location, url)?.href ?? ''
  }
}

/** What may be asked at all, before any name is resolved. */
export function checkAddress(written: string, allowPrivate: boolean): URL {
  const url = URL.parse(written)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new AppError('invalid_argument', `'${written.slice(0, 200)}' is no address of the form https://host/path.`)
  if (url.username !== '' || url.password !== '')
    throw new AppError('invalid_argument', 'An address may hold no user name and no password.')
  if (url.protocol === 'http:' && !allowPrivate)
    throw new AppError('invalid_argument', `'${written.slice(0, 200)}' is not encrypted; use https.`)
  const host = hostOf(url)
  if (!allowPrivate && isIP(host) !== 0 && isPrivate(host)) throw refusedAddress(host)
  if (!allowPrivate && /^(?:localhost|.*\.localhost)$/i.test(host)) throw refusedAddress(host)
  return url
}

export const refusedAddress = (host: string): AppError =>
  new AppError(
    'permission_denied',
    `${host} is an address of this machine or of a private network, where this server may not send anything.`,
  )

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** IPv4 and IPv6 apart: a list of both takes every IPv4 address for one of `::ffff:0:0/96`. */
const privateAddresses = {
  ipv4: listOf(
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
    'ipv4',
  ),
  // Whatever holds an IPv4 address inside, or is no address of one host in the public network.
  ipv6: listOf(
    '::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8',
    'ipv6',
  ),
}

function listOf(ranges: string, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const range of ranges.split(' ')) {
    const [address = '', prefix] = range.split('/')
    list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/** Whether an address belongs to this machine, a private network, or to nobody. */
export const isPrivate = (address: string): boolean =>
  isIP(address) === 6 ? privateAddresses.ipv6.check(address, 'ipv6') : privateAddresses.ipv4.check(address, 'ipv4')

/** Looks names up for a connection, which is then made to one of the very addresses that were looked at: all must be public. */
export const onlyPublic =
  (resolve: typeof resolveName): LookupFunction =>
  (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      if (addresses.length === 0 || addresses.some(({ address }) => isPrivate(address))) return done(refusedAddress(host), [])
      if (options.all === true) return done(null, addresses)
      return done(null, addresses[0]!.address, addresses[0]!.family)
    })
  }

/** Of connections that may go to public addresses alone. */
export const publicLookup = onlyPublic(resolveName)

function ask(request: GuardedRequest): Promise<GuardedAnswer> {
  const url = checkAddress(request.url, request.allowPrivate)
  const { promise, resolve, reject } = Promise.withResolvers<GuardedAnswer>()
  const signal = AbortSignal.timeout(request.timeoutMs)
  const send = url.protocol === 'https:' ? requestEncrypted : requestPlain
  const sent = send(
    url,
    {
      method: request.method,
      headers: { ...request.headers, 'content-length': Buffer.byteLength(request.body ?? '') },
      signal,
      agent: false,
      rejectUnauthorized: request.verifyCertificates !== false,
      ...(request.allowPrivate ? {} : { lookup: publicLookup }),
    },
    (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      const finish = (): void =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).subarray(0, longestBodyBytes).toString(),
        })
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size < longestBodyBytes) return
        finish()
        answer.destroy()
      })
      answer.on('end', finish)
      answer.on('error', (error) => reject(unreachable(url, error, signal)))
    },
  )
  sent.on('error', (error) => reject(error instanceof AppError ? error : unreachable(url, error, signal)))
  sent.end(request.body)
  return promise
}

function unreachable(url: URL, error: Error, signal: AbortSignal): AppError {
  const reason = signal.aborted ? 'it did not answer in time' : error.message
  return new AppError('unavailable', `Cannot reach ${url.origin}: ${reason}.`, { cause: error })
}
