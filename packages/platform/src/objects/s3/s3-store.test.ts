import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3TestServer, s3ServerProblem, startS3Server } from '../../../../../testing/engines/s3-server.mjs'
import { objectStoreSuite } from '../testing/object-store-suite.ts'
import type { S3Options } from './s3-client.ts'
import { createS3Store } from './s3-store.ts'

const MiB = 1024 * 1024
let server: S3TestServer
let folder: string

const storeOn = (endpoint: string, options: Partial<S3Options> = {}): ReturnType<typeof createS3Store> =>
  createS3Store({ bucket: 'test', environment: { S3_ENDPOINT: endpoint }, credentials: server, ...options })

// There is no way around a real server: without one this fails and says why.
it('has a strict S3 server to test against', () => {
  expect(s3ServerProblem()).toBeUndefined()
})

describe('with a server', () => {
  beforeAll(async () => {
    server = await startS3Server({ log: (line) => console.info(line) })
    folder = await mkdtemp(join(tmpdir(), 'trainyard-s3-store-'))
  }, 600_000)
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  objectStoreSuite('s3', { open: async () => storeOn(server.endpoint, { partSizeBytes: 5 * MiB }), keepsSha256: true })
  objectStoreSuite('s3 below a prefix', {
    open: async () => storeOn(server.endpoint, { prefix: 'team a/données' }),
    keepsSha256: true,
  })

  it('sends large files in parts and keeps their SHA-256', async () => {
    const path = join(folder, 'large')
    const bytes = Buffer.alloc(13 * MiB, 'large file ')
    await writeFile(path, bytes)
    const store = storeOn(server.endpoint, { partSizeBytes: 5 * MiB })
    const seen: number[] = []
    const stored = await store.put('large', { path }, { onProgress: (done) => seen.push(done) })
    const head = await store.head('large')
    expect(stored.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(head).toMatchObject({ sizeBytes: bytes.length, sha256: stored.sha256 })
    expect(head?.etag).toMatch(/-3"$/)
    expect(seen).toHaveLength(3)
    expect((await buffer((await store.get('large')).stream)).equals(bytes)).toBe(true)
  })

  it('goes on with an upload that was cut off, sending only the missing parts', async () => {
    const path = join(folder, 'resumed')
    await writeFile(path, Buffer.alloc(23 * MiB, 'resumed '))
    const resumeDirectory = join(folder, 'uploads')
    const proxy = await startProxy(server.endpoint)
    try {
      const options = { partSizeBytes: 5 * MiB, resumeDirectory }
      const abort = new AbortController()
      const cut = storeOn(proxy.endpoint, options).put(
        'resumed',
        { path },
        { signal: abort.signal, onProgress: () => abort.abort() },
      )
      await expect(cut).rejects.toMatchObject({ code: 'aborted' })
      expect(await readdir(resumeDirectory)).toHaveLength(1)
      expect(await storeOn(server.endpoint).head('resumed')).toBeUndefined()
      const before = proxy.partsSent()
      const stored = await storeOn(proxy.endpoint, options).put('resumed', { path })
      expect(proxy.partsSent() - before).toBeLessThan(5)
      expect(await storeOn(server.endpoint).head('resumed')).toMatchObject(stored)
      expect(await readdir(resumeDirectory)).toEqual([])
    } finally {
      await proxy.stop()
    }
  })

  it('starts over when the server has forgotten the upload', async () => {
    const path = join(folder, 'forgotten')
    await writeFile(path, Buffer.alloc(6 * MiB, 'forgotten '))
    const resumeDirectory = join(folder, 'forgotten-uploads')
    const store = storeOn(server.endpoint, { partSizeBytes: 5 * MiB, resumeDirectory })
    const abort = new AbortController()
    await expect(store.put('forgotten', { path }, { signal: abort.signal, onProgress: () => abort.abort() })).rejects.toThrow()
    const [state] = await readdir(resumeDirectory)
    await writeFile(join(resumeDirectory, state ?? ''), JSON.stringify({ uploadId: '00000000-0000-4000-8000-000000000000' }))
    await store.put('forgotten', { path })
    expect(await store.head('forgotten')).toMatchObject({ sizeBytes: 6 * MiB })
  })

  it('reads on after a dropped connection', async () => {
    const bytes = Buffer.alloc(8 * MiB, 'dropped connection ')
    await storeOn(server.endpoint).put('dropped', bytes)
    const gate = await startDroppingGate(server.endpoint, 3 * MiB, 2)
    try {
      expect(
        (await buffer((await storeOn(gate.endpoint).get('dropped', { offset: 11 })).stream)).equals(bytes.subarray(11)),
      ).toBe(true)
      expect(gate.dropped()).toBe(2)
    } finally {
      await gate.stop()
    }
  })

  it('frees the connection of a stream that nobody read', async () => {
    await storeOn(server.endpoint).put('unread', Buffer.alloc(2 * MiB))
    const store = storeOn(server.endpoint)
    // More than the 50 connections that the client may hold at once.
    for (let round = 0; round < 60; round += 1) {
      const { stream } = await store.get('unread')
      stream.destroy()
    }
    expect(await store.head('unread')).toMatchObject({ sizeBytes: 2 * MiB })
  })

  it('says that keys are wrong, that a bucket is missing, and that nothing listens', async () => {
    const wrong = storeOn(server.endpoint, { credentials: { accessKeyId: 'trainyard', secretAccessKey: 'wrong' } })
    await expect(wrong.put('x', Buffer.from('x'))).rejects.toMatchObject({
      code: 'permission_denied',
      message: 'Cannot write s3://test/x: the credentials are not accepted (SignatureDoesNotMatch).',
    })
    await expect(storeOn(server.endpoint, { bucket: 'nowhere' }).get('x')).rejects.toMatchObject({
      code: 'not_found',
      message: 'Cannot read s3://nowhere/x: there is no bucket named nowhere.',
    })
    const gate = await startDroppingGate(server.endpoint, 1, 1)
    await gate.stop()
    await expect(storeOn(gate.endpoint).head('x')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Cannot read s3://test/x: nothing listens there.',
    })
  })
})

/** Passes requests on, one by one, and counts the parts. */
async function startProxy(target: string): Promise<{ endpoint: string; partsSent(): number; stop(): Promise<void> }> {
  let parts = 0
  let queue = Promise.resolve()
  const pass = async (request: IncomingMessage, response: ServerResponse, body: Promise<Buffer>): Promise<void> => {
    if (request.url?.includes('partNumber=')) parts += 1
    const bytes = await body
    const headers = { ...request.headers, 'content-length': String(bytes.length) }
    delete headers['transfer-encoding']
    delete headers.expect
    const onward = send(target + request.url, { method: request.method ?? 'GET', headers }).end(bytes)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    await pipeline(answer, response)
  }
  const proxy = createServer((request, response) => {
    const body = buffer(request)
    // A client that went away is the point of the test.
    queue = queue
      .then(() => pass(request, response, body))
      .catch(() => {
        response.destroy()
      })
  })
  return { endpoint: await listen(proxy), partsSent: () => parts, stop: () => close(proxy) }
}

/** Passes bytes on and cuts the first `times` connections after so many bytes of answers. */
async function startDroppingGate(
  target: string,
  afterBytes: number,
  times: number,
): Promise<{ endpoint: string; dropped(): number; stop(): Promise<void> }> {
  let dropped = 0
  const gate = createSocketServer((near) => {
    const far = connect(Number(new URL(target).port), '127.0.0.1')
    let passed = 0
    near.pipe(far)
    far.on('data', (chunk: Buffer) => {
      passed += chunk.length
      near.write(chunk)
      if (passed > afterBytes && dropped < times) {
        dropped += 1
        near.destroy()
        far.destroy()
      }
    })
    far.on('close', () => near.end())
    near.on('error', () => far.destroy())
    near.on('close', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  return { endpoint: await listen(gate), dropped: () => dropped, stop: () => close(gate) }
}

async function listen(server_: {
  listen(port: number, host: string, done: () => void): unknown
  address(): unknown
}): Promise<string> {
  await new Promise<void>((resolve) => server_.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server_.address() as AddressInfo).port}`
}

const close = (server_: { close(done: () => void): unknown; closeAllConnections?: () => void }): Promise<void> => {
  server_.closeAllConnections?.()
  return new Promise((resolve) => server_.close(() => resolve()))
}
