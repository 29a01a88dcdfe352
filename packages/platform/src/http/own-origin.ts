import type { IncomingHttpHeaders } from 'node:http'

/** How a client reaches this server, without a slash at the end: through a proxy it may be another scheme, and below a path. */
export function ownOrigin(headers: IncomingHttpHeaders): string {
  const first = (name: string): string =>
    String(headers[name] ?? '')
      .split(',')[0]!
      .trim()
  const scheme = first('x-forwarded-proto') === 'https' ? 'https' : 'http'
  const prefix = /^\/[\w./-]*$/.exec(first('x-forwarded-prefix'))?.[0].replace(/\/+$/, '') ?? ''
  return `${scheme}://${headers.host ?? 'localhost'}${prefix}`
}
