import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import { createDefinitions } from '../definitions/index.ts'
import { createHub, type Hub, ownShelf, parseHubReference } from './index.ts'

let folder: string
let hub: Hub
let close: () => Promise<void>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-hub-'))
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  hub = createHub({
    definitions: createDefinitions(database, { clock: systemClock }),
    sources: {
      objects: { workingDirectory: folder, environment: {} },
      cacheFolder: join(folder, 'cache'),
      allowLocal: true,
      allowPrivate: true,
      environment: process.env,
      signal: new AbortController().signal,
    },
  })
  close = async () => {
    await database.close()
    await place.remove()
    rmSync(folder, { recursive: true, force: true })
  }
})
afterAll(() => close())

const catalogue = JSON.parse(readFileSync(join(ownShelf(), 'catalog.json'), 'utf8')) as Record<string, unknown>

/** MLRun's published layout: <type>/<channel>/<item>/<version>/src. */
function publish(root: string): void {
  const published = join(root, 'functions', 'master')
  for (const name of ['describe', 'aggregate'])
    for (const tag of ['latest', '1.0.0']) cpSync(join(ownShelf(), name), join(published, name, tag, 'src'), { recursive: true })
  writeFileSync(
    join(published, 'catalog.json'),
    JSON.stringify({ describe: catalogue['describe'], aggregate: catalogue['aggregate'] }),
  )
}

test('our own shelf has every item with description, typed parameters, example and code', async () => {
  const { items } = await hub.list({ source: 'trainyard' })
  expect(items.map(({ name }) => name).toSorted()).toEqual(Object.keys(catalogue).toSorted())
  for (const item of items) {
    expect(item).toMatchObject({ version: '1.0.0', example: expect.stringContaining(`hub://${item.name}`) as string })
    const { document, script, documentation, requirements, handler } = await hub.fetch(item)
    expect(readFileSync(script, 'utf8')).toBe(readFileSync(join(ownShelf(), item.name, `${item.name}.py`), 'utf8'))
    expect(documentation).toContain('| parameter | type | default |')
    expect(requirements.length).toBeGreaterThan(0)
    const spec = document['spec'] as {
      entry_points: Record<string, { parameters: { name: string; type?: string; doc?: string }[] }>
    }
    for (const parameter of spec.entry_points[handler!]!.parameters)
      expect(parameter).toMatchObject({ type: expect.any(String) as string, doc: expect.any(String) as string })
  }
})

test('what is generated of the shelf is as its code says', () => {
  execFileSync('python3', [join(ownShelf(), 'generate.py'), '--check'], { encoding: 'utf8' })
})

test('a hub in MLRun’s layout is read from a folder, the web and Git, and found before our own', async () => {
  const root = join(folder, 'published')
  publish(root)
  const server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(root, decodeURIComponent(request.url ?? ''))))
    } catch {
      response.writeHead(404).end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const git = (...words: string[]): void =>
    void execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...words])
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-qm', 'all')
  const paths = {
    folder: root,
    web: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    git: `git+file://${root}#main`,
  }
  for (const [name, path] of Object.entries(paths)) {
    await hub.add({ name, path })
    expect((await hub.list({ source: name })).items.map((item) => item.name)).toEqual(['describe', 'aggregate'])
    expect(await hub.find('hub://describe')).toMatchObject({ source: name, tag: 'latest' })
    const item = await hub.find(`hub://${name}/describe:1.0.0`)
    expect((await hub.fetch(item)).script).toMatch(/describe\.py$/)
    await expect(hub.find(`hub://${name}/describe:9.9`)).rejects.toThrow('has no version 9.9 of describe; it has 1.0.0')
    await hub.remove(name)
  }
  server.close()
  expect(await hub.find('describe')).toMatchObject({ source: 'trainyard' })
})

test('a plain folder of functions is a hub too', async () => {
  const root = join(folder, 'plain')
  mkdirSync(join(root, 'own'), { recursive: true })
  writeFileSync(
    join(root, 'own', 'function.yaml'),
    'kind: job\nmetadata:\n  name: own\nspec:\n  command: own.py\n  default_handler: go\n',
  )
  writeFileSync(join(root, 'own', 'own.py'), 'def go(context):\n    context.log_result("x", 1)\n')
  await hub.add({ name: 'plain', path: root })
  const found = await hub.fetch(await hub.find('hub://plain/own'))
  expect(found).toMatchObject({ handler: 'go', documentation: null })
  expect(readFileSync(found.script, 'utf8')).toContain('log_result')
  await hub.remove('plain')
})

const definition = 'kind: job\nmetadata:\n  name: own\nspec:\n  command: own.py\n'

test('a pipe in the place of a file holds up nobody', async () => {
  const root = join(folder, 'pipe')
  mkdirSync(join(root, 'own'), { recursive: true })
  writeFileSync(join(root, 'own', 'function.yaml'), definition)
  execFileSync('mkfifo', [join(root, 'own', 'own.py'), join(root, 'own', 'item.yaml')])
  await expect(hub.add({ name: 'pipe', path: root })).rejects.toThrow('item.yaml is no plain file')
  rmSync(join(root, 'own', 'item.yaml'))
  await hub.add({ name: 'pipe', path: root })
  await expect(hub.fetch(await hub.find('hub://pipe/own'))).rejects.toThrow('own.py is no plain file')
  await hub.remove('pipe')
})

test.each(['own/item.yaml', 'functions/master/catalog.json', 'functions/master'])(
  'no catalogue is read through the link %s that leads out of its hub',
  async (link) => {
    const [root, outside] = [mkdtempSync(join(folder, 'linked-')), mkdtempSync(join(folder, 'outside-'))]
    mkdirSync(join(root, 'own'), { recursive: true })
    mkdirSync(join(root, link, '..'), { recursive: true })
    writeFileSync(join(root, 'own', 'function.yaml'), definition)
    writeFileSync(join(outside, 'catalog.json'), '{"secret": {"latest": {}}}')
    symlinkSync(link.endsWith('.json') || link.endsWith('.yaml') ? join(outside, 'catalog.json') : outside, join(root, link))
    await expect(hub.add({ name: 'linked', path: root })).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('leads out of its hub') as string,
    })
  },
)

test.each([
  ['path', { path: 'https://[' }],
  ['path', { path: 'a\0b' }],
  ['channel', { channel: '../../..' }],
  ['channel', { channel: '' }],
])('a source with a bad %s is refused by its name: %j', async (field, given) => {
  await expect(hub.add({ name: 'bad', path: folder, ...given })).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(`The ${field} of the hub bad`) as string,
  })
})

test('search finds by words of name, description and category', async () => {
  const names = async (search: string) => (await hub.list({ source: 'trainyard', search })).items.map(({ name }) => name)
  expect(await names('model-testing')).toEqual(['test_classifier'])
  expect(await names('histograms missing')).toEqual(['describe'])
})

test.each([
  ['hub://trainyard/descibe', /did you mean describe/],
  ['hub://trainyard/classifier', /test_classifier|sklearn_classifier/],
  ['hub://nowhere/describe', /no hub nowhere; there are trainyard, default/],
  ['hub://a/b/c', /write hub:\/\/name/],
  ['hub://../x', /write hub:\/\/name/],
  ['hub://trainyard/describe:../../x', /write hub:\/\/name/],
])('%s is refused with what was meant', async (reference, sentence) => {
  await expect(hub.find(reference)).rejects.toThrow(sentence)
})

test('a folder without functions, a bad name and our own names are refused', async () => {
  mkdirSync(join(folder, 'empty'))
  await expect(hub.add({ name: 'e', path: join(folder, 'empty') })).rejects.toThrow('no catalogue of functions')
  await expect(hub.add({ name: 'trainyard', path: folder })).rejects.toMatchObject({ code: 'permission_denied' })
  await expect(hub.add({ name: 'a b', path: folder })).rejects.toThrow('cannot be the name')
  await expect(hub.remove('default')).rejects.toMatchObject({ code: 'permission_denied' })
})

test('a reference: dashes are underscores, the tag is latest unless said', () => {
  expect(parseHubReference('hub://auto-trainer')).toEqual({ name: 'auto_trainer', tag: 'latest' })
  expect(parseHubReference('hub://a/auto-trainer:1.0')).toEqual({ source: 'a', name: 'auto_trainer', tag: '1.0' })
})
