import type { ServerResponse } from 'node:http'
import { CRC32C } from '@google-cloud/storage'
import { FakeBucket, type FakeObject, type Request, sendRange, startFakeServer } from './fake-server.ts'

/** As much of Google Cloud Storage's JSON API as the official client uses for one bucket. */
export function startFakeGoogle(): ReturnType<typeof startFakeServer> {
  const bucket = new FakeBucket()
  const sessions = new Map<string, { key: string; metadata: Record<string, string>; onlyNew: boolean }>()

  const describe = (key: string, { bytes, metadata, generation, modifiedAt }: FakeObject) => {
    const checksum = new CRC32C()
    checksum.update(bytes)
    return {
      name: key,
      size: String(bytes.length),
      metadata,
      generation: String(generation),
      updated: modifiedAt.toISOString(),
      crc32c: checksum.toString(),
    }
  }
  const send = (response: ServerResponse, value: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  const refuse = (response: ServerResponse, code: number): void =>
    send(response, { error: { code, message: `refused ${code}` } }, code)
  const write = (
    response: ServerResponse,
    { key, metadata, onlyNew }: { key: string; metadata: Record<string, string>; onlyNew: boolean },
    bytes: Buffer,
  ): void => {
    if (onlyNew && bucket.objects.has(key)) refuse(response, 412)
    else send(response, describe(key, bucket.write(key, bytes, metadata)))
  }

  const upload = ({ method, url, headers, body }: Request, response: ServerResponse): void => {
    const session = sessions.get(url.searchParams.get('session') ?? '')
    if (method === 'PUT' && session) return write(response, session, body)
    const key = url.searchParams.get('name') ?? ''
    const onlyNew = url.searchParams.get('ifGenerationMatch') === '0'
    if (url.searchParams.get('uploadType') === 'resumable') {
      const { metadata = {}, name = key } = JSON.parse(body.toString() || '{}') as {
        metadata?: Record<string, string>
        name?: string
      }
      const id = String(sessions.size + 1)
      sessions.set(id, { key: name, metadata, onlyNew })
      response.writeHead(200, { location: `http://${headers.host}/upload/session?session=${id}` }).end()
      return
    }
    const [description = '', content = Buffer.alloc(0)] = relatedParts(body, headers['content-type'] ?? '')
    const { metadata = {} } = JSON.parse(description.toString()) as { metadata?: Record<string, string> }
    write(response, { key, metadata, onlyNew }, content)
  }

  return startFakeServer((request, response) => {
    const { method, url, headers, body } = request
    if (url.pathname.startsWith('/upload/')) return upload(request, response)
    const [, path = ''] = /^\/(?:download\/)?storage\/v1\/b\/test\/o\/?(.*)$/.exec(url.pathname) ?? []
    if (path === '') {
      const page = bucket.list(url.searchParams, { limit: 'maxResults', cursor: 'pageToken' })
      const items = page.objects.map(({ key }) => describe(key, bucket.objects.get(key)!))
      return send(response, { items, prefixes: page.prefixes, ...(page.next ? { nextPageToken: page.next } : {}) })
    }
    const [from = '', to] = path.split('/rewriteTo/b/test/o/').map(decodeURIComponent)
    const object = bucket.objects.get(from)
    if (!object) return refuse(response, 404)
    if (to !== undefined)
      return send(response, { done: true, resource: describe(to, bucket.write(to, object.bytes, object.metadata)) })
    if (method === 'DELETE') {
      bucket.objects.delete(from)
      response.writeHead(204).end()
    } else if (method === 'PATCH') {
      Object.assign(object.metadata, (JSON.parse(body.toString()) as { metadata?: object }).metadata)
      send(response, describe(from, object))
    } else if (url.searchParams.get('alt') === 'media') {
      const wanted = url.searchParams.get('generation')
      if (wanted !== null && wanted !== String(object.generation)) return refuse(response, 404)
      sendRange(response, object, headers.range, {})
    } else {
      send(response, describe(from, object))
    }
  })
}

/** The parts of a `multipart/related` body. */
function relatedParts(body: Buffer, contentType: string): Buffer[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1] ?? ''
  const parts: Buffer[] = []
  let start = body.indexOf(`--${boundary}`)
  while (start >= 0) {
    const content = body.indexOf('\r\n\r\n', start) + 4
    const end = body.indexOf(`\r\n--${boundary}`, content - 2)
    if (content < 4 || end < 0) break
    parts.push(body.subarray(content, Math.max(content, end)))
    start = end + 2
  }
  return parts
}
