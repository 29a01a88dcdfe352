import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guardedFetch, readGuarded } from './guarded-fetch.ts'

const seen: string[] = []
const server = createServer((asked, answer) => {
  seen.push(`${asked.headers.host}${asked.url} ${asked.headers.authorization ?? 'nobody'}`)
  const to = new URL(asked.url ?? '/', 'https://x.example').searchParams.get('to')
  if (to === null) answer.writeHead(200, { 'content-type': 'text/plain' }).end('the code')
  else answer.writeHead(302, { location: to }).end()
})
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())

/** Whatever the host, the one server of this test answers. */
const ask = async (url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> => {
  const { port } = server.address() as AddressInfo
  const sent = request({
    host: '127.0.0.1',
    port,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host },
  }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}
const read = (url: string): Promise<Response> =>
  readGuarded(new URL(url), { headers: { authorization: 'Basic x' }, signal: AbortSignal.timeout(60_000) }, ask)

it('follows redirects, and tells another host no credentials', async () => {
  seen.length = 0
  const answer = await read('https://a.example/?to=https://b.example/code')
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'text/plain', 'the code'])
  expect(seen).toEqual(['a.example/?to=https://b.example/code Basic x', 'b.example/code nobody'])
})

it.each(['https://10.0.0.1/', 'https://127.0.0.1/', 'https://localhost/', 'http://b.example/', 'file:///etc/passwd'])(
  'does not follow a redirect to %s',
  async (to) => {
    seen.length = 0
    await expect(read(`https://a.example/?to=${to}`)).rejects.toThrow(/private network|not encrypted|no address/)
    expect(seen).toHaveLength(1)
  },
)

it('gives up on redirects that lead in a circle', async () => {
  await expect(read('https://a.example/?to=')).rejects.toThrow('redirects more than 5 times')
})

it('asks no address of this machine', async () => {
  const asked = { headers: {}, signal: AbortSignal.timeout(60_000) }
  await expect(guardedFetch(new URL('https://127.0.0.1/'), asked)).rejects.toMatchObject({ code: 'permission_denied' })
})
