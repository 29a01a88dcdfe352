import type { ServerResponse } from 'node:http'
import { FakeBucket, type FakeObject, sendRange, startFakeServer } from './fake-server.ts'

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** As much of Azure Blob Storage as the official client uses for one container of the account `fake`. */
export async function startFakeAzure(): Promise<{ connectionString: string; stop: () => Promise<void> }> {
  const container = new FakeBucket()
  const blocks = new Map<string, Buffer>()

  const headersOf = (object: FakeObject): Record<string, string> => ({
    etag: `"${object.generation}"`,
    'last-modified': object.modifiedAt.toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value])),
  })
  const refuse = (response: ServerResponse, status: number, code: string): void => {
    response
      .writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml' })
      .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
  }

  const server = await startFakeServer(({ method, url, headers, body }, response) => {
    const [, key = ''] = /^\/fake\/test\/?(.*)$/.exec(url.pathname) ?? []
    const name = decodeURIComponent(key)
    const operation = url.searchParams.get('comp')
    if (operation === 'list') {
      const page = container.list(url.searchParams, { limit: 'maxresults', cursor: 'marker' })
      const blobs = page.objects.map(
        ({ key: blob, sizeBytes }) =>
          `<Blob><Name>${escape(blob)}</Name><Properties><Content-Length>${sizeBytes}</Content-Length><Last-Modified>${container.objects.get(blob)!.modifiedAt.toUTCString()}</Last-Modified></Properties></Blob>`,
      )
      const prefixes = page.prefixes.map((prefix) => `<BlobPrefix><Name>${escape(prefix)}</Name></BlobPrefix>`)
      response
        .writeHead(200, { 'content-type': 'application/xml' })
        .end(
          `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://fake/" ContainerName="test"><Blobs>${blobs.join('')}${prefixes.join('')}</Blobs><NextMarker>${escape(page.next ?? '')}</NextMarker></EnumerationResults>`,
        )
      return
    }
    const object = container.objects.get(name)
    if (method === 'PUT' && operation === 'block') {
      blocks.set(`${name} ${url.searchParams.get('blockid')}`, body)
      response.writeHead(201).end()
      return
    }
    if (method === 'PUT' && operation !== 'metadata') {
      if (headers['if-none-match'] === '*' && object) return refuse(response, 409, 'BlobAlreadyExists')
      const ids = Array.from(body.toString('latin1').matchAll(/<Latest>([^<]+)<\/Latest>/g), ([, id]) => id)
      const bytes = operation === 'blocklist' ? Buffer.concat(ids.map((id) => blocks.get(`${name} ${id}`)!)) : body
      response.writeHead(201, headersOf(container.write(name, bytes, metadataOf(headers)))).end()
      return
    }
    if (!object) return refuse(response, 404, 'BlobNotFound')
    if (headers['if-match'] && headers['if-match'] !== `"${object.generation}"`) return refuse(response, 412, 'ConditionNotMet')
    if (method === 'PUT') {
      Object.assign(object.metadata, metadataOf(headers))
      response.writeHead(200, headersOf(object)).end()
    } else if (method === 'DELETE') {
      container.objects.delete(name)
      response.writeHead(202).end()
    } else if (method === 'HEAD') {
      response.writeHead(200, { ...headersOf(object), 'content-length': object.bytes.length }).end()
    } else {
      sendRange(response, object, (headers['x-ms-range'] as string | undefined) ?? headers.range, headersOf(object))
    }
  })
  const key = Buffer.from('a key for a server that checks none').toString('base64')
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=fake;AccountKey=${key};BlobEndpoint=${server.endpoint}/fake;`,
    stop: server.stop,
  }
}

const metadataOf = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-ms-meta-') ? [[name.slice('x-ms-meta-'.length), String(value)]] : [],
    ),
  )
