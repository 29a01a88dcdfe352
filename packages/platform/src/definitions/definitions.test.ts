import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '@trainyard/contract'
import { openTemporaryDatabase } from '../tracking/testing/temporary-database.ts'
import { contentHash, createDefinitions, type Definitions } from './index.ts'

const key = { project: 'p', kind: 'function', name: 'train' }
const body = (image: string, metadata: JsonObject = {}): JsonObject => ({
  kind: 'job',
  metadata: { name: 'train', project: 'p', ...metadata },
  spec: { image, command: '' },
})

interface Opened extends AsyncDisposable {
  definitions: Definitions
  another(): Promise<Definitions>
  setTime(ms: number): void
}

async function open(): Promise<Opened> {
  const temporary = await openTemporaryDatabase()
  let nowMs = 1_000
  const clock = { nowMs: () => nowMs }
  return {
    definitions: createDefinitions(temporary.database, { clock }),
    another: async () => createDefinitions(await temporary.openAnother(), { clock }),
    setTime: (ms) => void (nowMs = ms),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}

test('the hash is the one that MLRun computes', () => {
  // python: sha1(json.dumps({...}, sort_keys=True, default=str)) of the document after its recipe
  expect(
    contentHash({
      kind: 'job',
      metadata: { name: 'f', project: 'p', tag: 'latest', created: 'now' },
      spec: { image: 'é🚂\n', n: [1, true, null] },
    }),
  ).toBe('6baab56967c65f82b4844435d36f6f81ca165485')
})

test('the order of keys, tags, times and the status make no other hash; anything else does', () => {
  const one = contentHash({ kind: 'job', metadata: { name: 'f', labels: { a: '1', b: '2' } }, spec: { image: 'x', n: 1 } })
  const same = { spec: { n: 1, image: 'x' }, kind: 'job', status: { state: 'ready' } }
  expect(
    contentHash({ ...same, metadata: { labels: { b: '2', a: '1' }, name: 'f', tag: 't', updated: 'then', hash: 'h' } }),
  ).toBe(one)
  expect(contentHash({ ...same, metadata: { labels: { b: '2', a: '1' }, name: 'g' } })).not.toBe(one)
  expect(contentHash({ metadata: { uid: 'x' } }, 'uid')).toBe(contentHash({ metadata: {} }, 'uid'))
})

test('what was changed is another version, what is the same is the same one, and the tag moves', async () => {
  await using opened = await open()
  const { definitions, setTime } = opened
  const first = await definitions.save({ ...key, body: body('a'), by: 'ada' })
  setTime(2_000)
  const second = await definitions.save({ ...key, body: body('b'), by: 'bob' })
  setTime(3_000)
  const again = await definitions.save({ ...key, body: body('a'), by: 'eve' })
  expect(first.hash).toMatch(/^[0-9a-f]{40}$/)
  expect(second.hash).not.toBe(first.hash)
  expect(again).toMatchObject({ hash: first.hash, tags: ['latest'], createdAtMs: 1_000, updatedAtMs: 3_000, type: 'job' })
  expect((await definitions.get(key, { hash: second.hash })).tags).toEqual([])
  expect((await definitions.get(key, { hash: second.hash.slice(0, 10) })).body).toEqual(body('b'))
  expect(await definitions.history(key)).toEqual([
    { tag: 'latest', before: second.hash, after: first.hash, atMs: 3_000, by: 'eve' },
    { tag: 'latest', before: first.hash, after: second.hash, atMs: 2_000, by: 'bob' },
    { tag: 'latest', before: null, after: first.hash, atMs: 1_000, by: 'ada' },
  ])
})

test('tags are made, moved and taken away; the tag counts when a hash is given too', async () => {
  await using opened = await open()
  const { definitions } = opened
  const first = await definitions.save({ ...key, body: body('a'), tags: ['latest', 'v1'] })
  const second = await definitions.save({ ...key, body: body('b') })
  expect(first.tags).toEqual(['latest', 'v1'])
  expect((await definitions.get(key, { tag: 'v1', hash: second.hash })).hash).toBe(first.hash)
  expect((await definitions.tag(key, 'production', { hash: second.hash })).tags).toEqual(['latest', 'production'])
  expect(await definitions.untag(key, 'production')).toBe(true)
  expect(await definitions.untag(key, 'production')).toBe(false)
  await expect(definitions.tag(key, 'x', { tag: 'nothing' })).rejects.toThrow(
    'has no version tagged nothing (its tags: latest, v1)',
  )
  await expect(definitions.get({ ...key, name: 'other' })).rejects.toMatchObject({ code: 'not_found' })
  expect(await definitions.find(key, { hash: 'f'.repeat(40) })).toBeUndefined()
})

test('a slot without versions is overwritten, is not found by its hash, and shows its tag only', async () => {
  await using opened = await open()
  const { definitions } = opened
  const saved = await definitions.save({ ...key, body: body('a'), versioned: false })
  expect(saved).toMatchObject({ slot: 'unversioned-latest', isVersioned: false, tags: ['latest'] })
  await definitions.save({ ...key, body: body('b'), versioned: false })
  expect((await definitions.get(key)).body).toEqual(body('b'))
  expect(await definitions.find(key, { hash: saved.hash })).toBeUndefined()
  expect((await definitions.list({ kind: 'function' })).definitions).toHaveLength(1)
  const versioned = await definitions.save({ ...key, body: body('c') })
  expect((await definitions.get(key)).hash).toBe(versioned.hash)
  // The slot has lost its tag, and with it its place in lists.
  expect((await definitions.list({ kind: 'function' })).definitions.map(({ slot }) => slot)).toEqual([versioned.hash])
})

test('of two that save one name at once, in two processes, nothing is lost: every version stays, the tag leads to one of them', async () => {
  await using opened = await open()
  const { definitions } = opened
  const other = await opened.another()
  const saved = await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? definitions : other).save({ ...key, body: body(`i${index}`) })),
  )
  const { definitions: kept } = await definitions.list({ kind: 'function', project: 'p', limit: 100 })
  expect(new Set(kept.map(({ hash }) => hash))).toEqual(new Set(saved.map(({ hash }) => hash)))
  expect(kept.filter(({ tags }) => tags.includes('latest'))).toHaveLength(1)
  expect(await definitions.history(key)).toHaveLength(40)
})

test('who says what the tag led to is told when somebody else was faster', async () => {
  await using opened = await open()
  const { definitions } = opened
  const first = await definitions.save({ ...key, body: body('a'), expected: null })
  const results = await Promise.allSettled(
    ['b', 'c'].map((image) => definitions.save({ ...key, body: body(image), expected: first.hash })),
  )
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'failed_precondition' } })
  await expect(definitions.save({ ...key, body: body('d'), expected: null })).rejects.toThrow(
    'exists already: somebody else saved it',
  )
})

test('the status is no part of the content: it changes on its own and a save without one keeps it', async () => {
  await using opened = await open()
  const { definitions } = opened
  const { hash } = await definitions.save({ ...key, body: { ...body('a'), status: { state: 'ready' } } })
  expect((await definitions.save({ ...key, body: body('a') })).status).toEqual({ state: 'ready' })
  await definitions.setStatus(key, { hash }, { state: 'error' })
  expect((await definitions.get(key)).status).toEqual({ state: 'error' })
  expect((await definitions.list({ kind: 'function', states: ['error'] })).definitions).toHaveLength(1)
  expect((await definitions.save({ ...key, body: { ...body('a'), status: { state: 'x' } }, status: null })).status).toBeNull()
})

test('lists find by name, part of a name, tag, label, category, kind and time', async () => {
  await using opened = await open()
  const { definitions, setTime } = opened
  const save = (name: string, metadata: JsonObject, tags?: string[]) =>
    definitions.save({ project: 'p', kind: 'function', name, body: body('a', metadata), ...(tags ? { tags } : {}) })
  await save('train', { labels: { team: 'core', stage: '' }, categories: ['training'] })
  setTime(2_000)
  await save('train_100', { labels: { team: 'edge' } }, ['v1', 'v2'])
  setTime(3_000)
  await save('describe', {}, [])
  const found = async (query: object) =>
    (await definitions.list({ kind: 'function', project: 'p', ...query })).definitions.map(
      ({ name, tag }) => `${name}:${tag ?? ''}`,
    )
  expect(await found({})).toEqual(['describe:', 'train_100:v2', 'train_100:v1', 'train:latest'])
  expect(await found({ tag: '*' })).toEqual(['train_100:v2', 'train_100:v1', 'train:latest'])
  expect(await found({ tag: 'v1' })).toEqual(['train_100:v1'])
  expect(await found({ name: 'train' })).toEqual(['train:latest'])
  expect(await found({ name: '~TRAIN', newestOnly: true })).toEqual(['train_100:v1', 'train:latest'])
  expect(await found({ name: '~_100', tag: 'v1' })).toEqual(['train_100:v1'])
  expect(await found({ labels: ['team'], tag: '*' })).toHaveLength(3)
  expect(await found({ labels: ['team=core', 'stage='] })).toEqual(['train:latest'])
  expect(await found({ labels: ['team!=core'], newestOnly: true })).toEqual(['describe:', 'train_100:v1'])
  expect(await found({ category: 'training' })).toEqual(['train:latest'])
  expect(await found({ category: 'train' })).toEqual([])
  expect(await found({ types: ['serving'] })).toEqual([])
  expect(await found({ sinceMs: 2_000, untilMs: 2_999, newestOnly: true })).toEqual(['train_100:v1'])
  await expect(definitions.list({ kind: 'function', labels: ['=x'] })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(definitions.list({ kind: 'function', cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(definitions.list({ kind: 'function', limit: 0 })).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('pages of any size hold every row once, in one order', async () => {
  await using opened = await open()
  const { definitions, setTime } = opened
  for (let index = 0; index < 12; index++) {
    setTime(1_000 + Math.floor(index / 3))
    await definitions.save({
      ...key,
      name: `f${index}`,
      body: body('a'),
      tags: index % 4 === 0 ? ['latest', 'v1', 'v2'] : ['latest'],
    })
  }
  const rowsOf = async (limit: number, newestOnly: boolean) => {
    const rows: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await definitions.list({ kind: 'function', limit, newestOnly, ...(cursor === undefined ? {} : { cursor }) })
      rows.push(...page.definitions.map(({ name, tag }) => `${name}:${tag}`))
      if (page.next === null) return rows
      cursor = page.next
    }
  }
  const all = { tags: await rowsOf(1_000, false), names: await rowsOf(1_000, true) }
  expect(all.tags).toHaveLength(18)
  expect(all.names).toHaveLength(12)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (limit) => {
      expect(await rowsOf(limit, false)).toEqual(all.tags)
      expect(await rowsOf(limit, true)).toEqual(all.names)
    }),
    { numRuns: 10 },
  )
})

test('a version is deleted, a name, everything of a kind; what is left counts', async () => {
  await using opened = await open()
  const { definitions } = opened
  const first = await definitions.save({ ...key, body: body('a') })
  await definitions.save({ ...key, body: body('b', { labels: { a: 'b' } }) })
  await definitions.save({ ...key, kind: 'feature-set', body: body('c') })
  expect(await definitions.delete(key, { tag: 'latest' })).toBe(1)
  expect((await definitions.list({ kind: 'function', newestOnly: true })).definitions[0]?.hash).toBe(first.hash)
  expect(await definitions.count('p')).toEqual({ function: 1, 'feature-set': 1 })
  expect(await definitions.delete(key, { tag: 'latest' })).toBe(0)
  expect(await definitions.delete(key, { hash: first.hash })).toBe(1)
  expect(await definitions.count('p')).toEqual({ 'feature-set': 1 })
  expect(await definitions.delete(key)).toBe(0)
  expect(await definitions.deleteAll('p')).toBe(1)
  expect(await definitions.history({ ...key, kind: 'feature-set' })).toEqual([])
})

test.each([
  ['', 'is empty'],
  ['a/b', 'may not have'],
  ['a:b', 'may not have'],
  ['a@b', 'may not have'],
  ['..', 'dots only'],
  ['x'.repeat(501), '500 are allowed'],
  ['\ud800', 'not valid text'],
])('the name %j is refused', async (name, reason) => {
  await using opened = await open()
  await expect(opened.definitions.save({ ...key, name, body: body('a') })).rejects.toThrow(reason)
  expect(await opened.definitions.count('p')).toEqual({})
})

test('a document of more than 20 MiB is refused with what to do instead', async () => {
  await using opened = await open()
  const saved = opened.definitions.save({ ...key, body: { spec: { code: 'x'.repeat(21 * 1024 * 1024) } } })
  await expect(saved).rejects.toThrow('larger than 20 MiB; keep its code in a Git repository or an archive')
})
