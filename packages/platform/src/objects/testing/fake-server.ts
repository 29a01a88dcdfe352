import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pageOf } from '../listing.ts'
import type { ObjectPage } from '../object-store.ts'

export interface FakeObject {
  bytes: Buffer
  metadata: Record<string, string>
  generation: number
  modifiedAt: Date
}

/** The objects of one bucket; each write gives a new generation. */
export class FakeBucket {
  readonly objects = new Map<string, FakeObject>()
  #generation = 0

  write(key: string, bytes: Buffer, metadata: Record<string, string>): FakeObject {
    this.#generation += 1
    const object = { bytes, metadata, generation: this.#generation, modifiedAt: new Date() }
    this.objects.set(key, object)
    return object
  }

  list(query: URLSearchParams, names: { limit: string; cursor: string }): ObjectPage {
    const infos = Array.from(this.objects, ([key, { bytes }]) => ({ key, sizeBytes: bytes.length }))
    const [prefix, cursor] = [query.get('prefix') ?? '', query.get(names.cursor)]
    return pageOf(infos, {
      prefix,
      limit: Number(query.get(names.limit) ?? 1000),
      ...(query.get('delimiter') ? { delimiter: '/' as const } : {}),
      ...(cursor ? { cursor } : {}),
    })
  }
}

export interface Request {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: Buffer
}

/** A web server of one function, on a free loopback port. */
export async function startFakeServer(
  answer: (request: Request, response: ServerResponse) => void,
): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request)
    answer(
      { method: request.method ?? '', url: new URL(request.url ?? '', 'http://fake'), headers: request.headers, body },
      response,
    )
  }
  const server = createServer((request, response) => {
    // A client that went away midway needs no answer.
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sends the part of an object that a `bytes=a-b` header asks for. */
export function sendRange(
  response: ServerResponse,
  object: FakeObject,
  range: string | undefined,
  headers: Record<string, string>,
): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const size = object.bytes.length
  if (first === undefined) {
    response.writeHead(200, { ...headers, 'content-length': size }).end(object.bytes)
    return
  }
  if (Number(first) >= size) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
    return
  }
  const end = last ? Math.min(Number(last) + 1, size) : size
  response
    .writeHead(206, { ...headers, 'content-length': end - Number(first), 'content-range': `bytes ${first}-${end - 1}/${size}` })
    .end(object.bytes.subarray(Number(first), end))
}
