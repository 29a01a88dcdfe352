import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** As much of a registry as takes an image in: blobs and manifests, kept in memory. */
export async function openRegistry() {
  const blobs = new Map<string, Buffer>()
  const manifests = new Map<string, { body: Buffer; digest: string }>()
  const uploads = new Map<string, Buffer[]>()
  const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const url = new URL(request.url ?? '/', 'http://registry')
      const body = await buffer(request)
      const [, kind = '', last = ''] = /\/(blobs\/uploads|blobs|manifests)\/?([^/]*)$/.exec(url.pathname) ?? []
      if (url.pathname === '/v2/') response.writeHead(200).end()
      else if (kind === 'blobs/uploads' && request.method === 'POST') {
        const id = String(uploads.size + 1)
        uploads.set(id, [])
        response.writeHead(202, { location: `${url.pathname}${url.pathname.endsWith('/') ? '' : '/'}${id}`, range: '0-0' }).end()
      } else if (kind === 'blobs/uploads') {
        const pieces = uploads.get(last) ?? []
        pieces.push(body)
        if (request.method === 'PATCH')
          response.writeHead(202, { location: url.pathname, range: `0-${Buffer.concat(pieces).length - 1}` }).end()
        else {
          const whole = Buffer.concat(pieces)
          blobs.set(digestOf(whole), whole)
          response.writeHead(201, { location: url.pathname, 'docker-content-digest': digestOf(whole) }).end()
        }
      } else if (kind === 'manifests' && request.method === 'PUT') {
        manifests.set(last, { body, digest: digestOf(body) })
        response.writeHead(201, { location: url.pathname, 'docker-content-digest': digestOf(body) }).end()
      } else {
        const found = kind === 'blobs' ? blobs.get(last) : manifests.get(last)?.body
        response.writeHead(
          found ? 200 : 404,
          found ? { 'content-length': found.length, 'docker-content-digest': digestOf(found) } : {},
        )
        response.end(request.method === 'HEAD' ? undefined : found)
      }
    }
    void answer()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs,
    manifests,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}
