import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpStore } from './http-store.ts'

const content = Buffer.alloc(3_000_000, 'abcdefghij-')
let server: Server
let base: string
let version = 1
let drops = 0
const seen: string[] = []

/** A small web server with moods, one per path. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/'
  seen.push(`${path} ${request.headers.range ?? 'whole'}`)
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = Number(range?.[1] ?? 0)
  const end = Math.min(range?.[2] ? Number(range[2]) + 1 : content.length, content.length)
  if (path === '/missing') return void response.writeHead(404).end('no')
  if (path === '/secret') return void response.writeHead(403).end('no')
  if (path === '/broken') return void response.writeHead(503).end('no')
  if (path.startsWith('/login')) {
    const expected = `Basic ${Buffer.from('ann:p w').toString('base64')}`
    return void response.writeHead(request.headers.authorization === expected ? 200 : 401).end('hello ann')
  }
  if (path === '/moved') return void response.writeHead(302, { location: '/file' }).end()
  if (path === '/silent') return
  if (path === '/chunked') {
    response.write('no length')
    return void response.end()
  }
  if (path === '/rangeless') return void response.writeHead(200, { 'content-length': content.length }).end(content)
  if (start >= content.length) return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
  response.writeHead(range ? 206 : 200, {
    'content-length': end - start,
    etag: `"v${path === '/changing' ? version++ : 1}"`,
    'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT',
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${content.length}` } : {}),
  })
  const breaks = path === '/changing' || (path === '/dropping' && drops++ < 3)
  if (breaks) response.write(content.subarray(start, Math.min(end, start + 700_000)), () => response.destroy())
  else response.end(content.subarray(start, end))
}

beforeAll(async () => {
  server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const open = (timeoutMs = 5000) => createHttpStore({ addressOf: (key) => new URL(key, base), timeoutMs })
const read = async (key: string, options = {}): Promise<Buffer> => buffer((await open().get(key, options)).stream)

describe('http store', () => {
  it('reads a file and tells its size, time and etag', async () => {
    const { info, stream } = await open().get('file')
    expect(info).toEqual({ key: 'file', sizeBytes: content.length, modifiedAtMs: Date.UTC(2025, 10, 1, 10), etag: '"v1"' })
    expect((await buffer(stream)).equals(content)).toBe(true)
    expect(await open().head('file')).toEqual(info)
  })

  it('follows redirects', async () => {
    expect((await read('moved')).equals(content)).toBe(true)
  })

  it.each(['file', 'rangeless'])('reads ranges of /%s, whether the server heeds them or not', async (path) => {
    expect((await read(path, { offset: 10, lengthBytes: 5 })).toString()).toBe('-abcd')
    expect((await read(path, { offset: content.length - 2 })).equals(content.subarray(-2))).toBe(true)
    expect(await read(path, { offset: content.length })).toHaveLength(0)
    expect(await read(path, { offset: 5, lengthBytes: 0 })).toHaveLength(0)
  })

  it('takes up a dropped connection where it broke', async () => {
    drops = 0
    seen.length = 0
    expect((await read('dropping')).equals(content)).toBe(true)
    expect(seen).toHaveLength(4)
    expect(seen.slice(1).every((line) => /^\/dropping bytes=[1-9]\d*-$/.test(line))).toBe(true)
  })

  it('does not splice two versions of a file', async () => {
    await expect(read('changing')).rejects.toMatchObject({ code: 'storage' })
  })

  it('reads answers without a length', async () => {
    expect((await read('chunked')).toString()).toBe('no length')
    expect((await open().get('chunked')).info).not.toHaveProperty('sizeBytes')
  })

  it('sends credentials of the address, and keeps them out of sentences', async () => {
    const address = new URL('login', base.replace('//', '//ann:p%20w@'))
    const store = createHttpStore({ addressOf: () => address })
    expect((await buffer((await store.get('login')).stream)).toString()).toBe('hello ann')
    const wrong = createHttpStore({ addressOf: () => new URL('login?token=abc', base.replace('//', '//ann:wrong@')) })
    await expect(wrong.get('login')).rejects.not.toThrow(/wrong|token=abc/)
  })

  it.each([
    ['missing', 'not_found', 'There is nothing at'],
    ['secret', 'permission_denied', 'refuses to be read'],
    ['broken', 'unavailable', 'answered with HTTP 503'],
  ])('says what is wrong with /%s', async (path, code, sentence) => {
    await expect(read(path)).rejects.toMatchObject({ code, message: expect.stringContaining(sentence) })
  })

  it('answers undefined on head of a missing file', async () => {
    expect(await open().head('missing')).toBeUndefined()
  })

  it('gives up on a silent server after the time limit', async () => {
    await expect(open(100).get('silent')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('did not answer within 0.1 seconds'),
    })
  })

  it('says that nothing listens or that there is no such host', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/x`
    await new Promise((resolve) => closed.close(resolve))
    const refused = createHttpStore({ addressOf: () => new URL(address) })
    await expect(refused.get('x')).rejects.toMatchObject({
      code: 'unavailable',
      message: `${address} cannot be reached: nothing listens there.`,
    })
    const nowhere = createHttpStore({ addressOf: () => new URL('http://no-such-host.invalid/x') })
    await expect(nowhere.get('x')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('stops when the signal fires', async () => {
    const controller = new AbortController()
    const reading = open().get('silent', { signal: controller.signal })
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
  })

  it('refuses writing, deleting and listing', async () => {
    for (const attempt of [open().put('x', Buffer.from('x')), open().delete('x'), open().list()]) {
      await expect(attempt).rejects.toMatchObject({ code: 'failed_precondition' })
    }
  })
})
