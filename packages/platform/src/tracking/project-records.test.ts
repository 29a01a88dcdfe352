import { newRunId } from '@trainyard/contract'
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import { createTracking } from './index.ts'

async function open() {
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  return {
    projects: createTracking(database, { clock: systemClock }).projects,
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await place.remove()
    },
  }
}

const document = {
  metadata: { labels: { team: 'vision' }, annotations: { a: 'b' }, 'x-unknown': [1] },
  spec: {
    description: 'd',
    owner: 'ada',
    params: { p: 1 },
    functions: [{ name: 'f', url: 'f.py' }],
    'not-ours': { deep: [null] },
  },
}

test('a project keeps what it says of itself, fields nobody knows too', async () => {
  await using opened = await open()
  const { projects } = opened
  const made = await projects.create('churn', { ...document, metadata: { ...document.metadata, name: 'other', created: 'then' } })
  expect(made).toMatchObject({ name: 'churn', state: 'online' })
  expect(await projects.get('churn')).toMatchObject(document)
  expect(Object.keys(made.metadata)).not.toContain('name')
  await expect(projects.create('churn')).rejects.toMatchObject({ code: 'already_exists' })
  await projects.put('churn', { metadata: {}, spec: { description: 'new' } })
  expect(await projects.get('churn')).toMatchObject({ metadata: {}, spec: { description: 'new' } })
})

test('a patch merges members, replaces lists or makes them longer, and removes with null', async () => {
  await using opened = await open()
  const { projects } = opened
  await projects.create('p', document)
  await projects.patch('p', { spec: { params: { q: 2 }, functions: [{ name: 'g' }] } }, { lists: 'add' })
  expect((await projects.get('p')).spec).toMatchObject({ params: { p: 1, q: 2 }, functions: [{ name: 'f' }, { name: 'g' }] })
  await projects.patch('p', { spec: { functions: [], owner: null } })
  const { spec } = await projects.get('p')
  expect(spec['functions']).toEqual([])
  expect(spec).not.toHaveProperty('owner')
  await expect(projects.patch('unknown', {})).rejects.toMatchObject({ code: 'not_found' })
})

test('the desired state is the state, and projects are found by owner, state and labels', async () => {
  await using opened = await open()
  const { projects } = opened
  await projects.create('one', document)
  await projects.ensure('two')
  await projects.setState('two', 'archived')
  expect(await projects.get('two')).toMatchObject({ state: 'archived', spec: { desired_state: 'archived' } })
  const names = async (query: Parameters<typeof projects.search>[0]) => (await projects.search(query)).map(({ name }) => name)
  expect(await names({ owner: 'ada' })).toEqual(['one'])
  expect(await names({ state: 'archived' })).toEqual(['two'])
  expect(await names({ labels: ['team=vision'] })).toEqual(['one'])
  expect(await names({ labels: ['team=other'] })).toEqual([])
  expect(await names({})).toEqual(expect.arrayContaining(['one', 'two']))
})

test.each([
  ['a/b', "holds a '/'"],
  ['a?b', "holds a '?'"],
  ['50%', "holds a '%'"],
  ['..', 'means a folder'],
  [' a', 'begins or ends with a space'],
  ['a\nb', 'control character'],
  ['', 'is empty'],
  ['x'.repeat(600), 'has 600 characters'],
])('the name %j breaks addresses and is refused in one sentence', async (name, reason) => {
  await using opened = await open()
  await expect(opened.projects.ensure(name)).rejects.toThrow(reason)
  await expect(opened.projects.create(name)).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('a project goes with all that belongs to it', async () => {
  await using opened = await open()
  const { projects } = opened
  await projects.create('p', document)
  await projects.create('kept', document)
  await projects.remove('p')
  expect(await projects.find('p')).toBeUndefined()
  expect(await projects.find('kept')).toBeDefined()
  await expect(projects.remove('p')).rejects.toMatchObject({ code: 'not_found' })
})

test('the runs of a project are counted as its table shows them: without iterations, and without what is in the trash', async () => {
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  const { projects, runs, table } = createTracking(database, { clock: systemClock })
  const base = {
    project: 'churn',
    experiment: 'e',
    owner: 'ada',
    host: '',
    outPath: '/o',
    createdAtMs: 1,
    state: 'completed',
  } as const
  const [sweep, iteration, trashed] = [newRunId(1), newRunId(2), newRunId(3)]
  await runs.create({ ...base, id: sweep, name: 'sweep', kind: 'sweep' })
  await runs.create({ ...base, id: iteration, name: 'sweep', kind: 'iteration', parentId: sweep, iteration: 1 })
  await runs.create({ ...base, id: trashed, name: 'gone', kind: 'run' })
  await runs.trash([trashed], 2)
  expect(await projects.list()).toMatchObject([{ name: 'churn', runCount: 1 }])
  expect(await table.counts({ project: 'churn', failedSinceMs: 0 })).toMatchObject({ runs: 1, sweeps: 1 })
  await database.close()
  await place.remove()
})
