import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { checkAddress, guardedRequest, isPrivate, onlyPublic } from './guarded-request.ts'

describe('addresses that somebody else chose', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    'ff02::1',
    '::127.0.0.1',
  ])('%s belongs to no public host', (address) => {
    expect(isPrivate(address)).toBe(true)
  })

  it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001:800::200e'])('%s is public', (address) => {
    expect(isPrivate(address)).toBe(false)
  })

  it.each([
    'https://127.0.0.1/x',
    'https://[::1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://localhost/',
    'https://x.localhost/',
    'https://[::ffff:7f00:1]/',
    'http://example.org/',
    'ftp://example.org/',
    'https://user:secret@example.org/',
    'nonsense',
    '',
  ])('%s is refused before anything is asked', (url) => {
    expect(() => checkAddress(url, false)).toThrow()
  })

  it('a name is refused when any of the addresses it leads to is private', () => {
    const answers: unknown[] = []
    const resolveTo = (...found: string[]) => {
      const resolve = (_host: string, _options: object, done: (error: null, addresses: object[]) => void) =>
        done(
          null,
          found.map((address) => ({ address, family: 4 })),
        )
      onlyPublic(resolve as Parameters<typeof onlyPublic>[0])('name', {}, (error, address) =>
        answers.push(error?.message ?? address),
      )
    }
    resolveTo('1.1.1.1')
    resolveTo('1.1.1.1', '10.0.0.1')
    resolveTo('127.0.0.1')
    expect(answers).toEqual(['1.1.1.1', expect.stringContaining('private network'), expect.stringContaining('private network')])
  })

  it('redirects that keep the method are followed a few times, others are answers', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end()
      else if (request.url === '/loop') response.writeHead(307, { location: '/loop' }).end()
      else if (request.url === '/once') response.writeHead(308, { location: '/there' }).end()
      else response.end('there')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ask = (path: string) =>
      guardedRequest({ url: root + path, method: 'POST', headers: {}, body: 'x', timeoutMs: 10_000, allowPrivate: true })
    expect((await ask('/moved')).status).toBe(302)
    expect(await ask('/once')).toMatchObject({ status: 200, body: 'there' })
    await expect(ask('/loop')).rejects.toMatchObject({ code: 'unavailable' })
    expect(seen).toContain('POST /there')
    server.closeAllConnections()
    server.close()
  })
})
