import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openServer } from '../testing/open-server.ts'

const source = (name: string, path: string) => ({ index: 1, source: { metadata: { name }, spec: { path, channel: 'master' } } })
const item = '/api/v1/hub/served/trainyard/functions/master/describe/latest/src/function.yaml'

it('our shelf can be downloaded without the token of the server, and nothing else of the hub', async () => {
  await using server = await openServer({ token: 'people' })
  const found = await server.ask('GET', item)
  expect(found.status).toBe(200)
  expect(found.text).toContain('name: describe')
  for (const path of ['/api/v1/hub/sources', '/api/v1/hub/sources/trainyard/items', item.replace('trainyard', 'team')])
    expect((await server.ask('GET', path)).status, path).toBe(401)
})

it.each(['..%2F..%2F..%2Fpackage.json', '..', '.env', 'nothing.py'])('there is no file %s of an item', async (file) => {
  await using server = await openServer()
  expect((await server.ask('GET', item.replace('function.yaml', file))).status).toBe(404)
})

it('a server that takes no jobs reads no folder that somebody names, and no address of its own network', async () => {
  await using server = await openServer()
  mkdirSync(join(server.folder, 'secret'))
  writeFileSync(join(server.folder, 'secret', 'function.yaml'), 'kind: job\n')
  for (const [name, path] of [
    ['folder', server.folder],
    ['metadata', 'http://169.254.169.254/latest'],
  ] as const) {
    expect((await server.ask('POST', '/api/v1/hub/sources', source(name, path))).status).toBe(201)
    const { status, text } = await server.ask('GET', `/api/v1/hub/sources/${name}/items`)
    expect([400, 403], text).toContain(status)
  }
})

it('a file of an item is asked for by an address of its source', async () => {
  await using server = await openServer()
  const ask = (url: string) => server.ask('GET', '/api/v1/hub/sources/trainyard/item-object', { url })
  expect((await ask(`http://localhost${item}`)).text).toContain('name: describe')
  expect((await ask('http://169.254.169.254/latest')).text).toContain('begins with http://localhost/api/v1/hub/served/trainyard/')
  expect((await ask(`http://localhost${item}/../../x`)).status).toBe(404)
})

it('sources keep the order they are given, and the two that are always there stay', async () => {
  await using server = await openServer()
  for (const [name, index] of [
    ['second', 2],
    ['first', 1],
  ] as const)
    await server.ask('PUT', `/api/v1/hub/sources/${name}`, { ...source(name, `https://${name}.example.org/`), index })
  const listed = (await server.ask('GET', '/api/v1/hub/sources')).json as unknown as ReturnType<typeof source>[]
  expect(listed.map(({ source: { metadata } }) => metadata.name)).toEqual(['first', 'second', 'trainyard', 'default'])
  for (const name of ['trainyard', 'default']) {
    expect((await server.ask('DELETE', `/api/v1/hub/sources/${name}`)).status).toBe(403)
    expect((await server.ask('PUT', `/api/v1/hub/sources/${name}`, source(name, 'https://other.example.org'))).status).toBe(403)
  }
})

it.each(['constructor', 'toString', '__proto__', 'nothing'])('an item has no asset %s', async (asset) => {
  await using server = await openServer()
  const { status, text } = await server.ask('GET', `/api/v1/hub/sources/trainyard/items/describe/assets/${asset}?tag=latest`)
  expect([status, text]).toEqual([404, expect.stringContaining('has no asset')])
})

it.each([
  ['path', { path: 'https://[' }],
  ['channel', { path: 'https://example.org', channel: '../../..' }],
  ['channel', { path: 'https://example.org', channel: 7 }],
])('a source with a bad %s is refused: %j', async (field, spec) => {
  await using server = await openServer()
  const body = { index: 1, source: { metadata: { name: 'bad' }, spec } }
  const { status, text } = await server.ask('PUT', '/api/v1/hub/sources/bad', body)
  expect([status, text]).toEqual([400, expect.stringContaining(field)])
})
