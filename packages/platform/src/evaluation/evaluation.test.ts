import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ExactValues } from '../base/exact-json.ts'
import { openTemporaryEvaluation } from './testing/temporary-evaluation.ts'

const project = 'project'

test('a question that is asked again is one record: outputs replace, expectations and tags are laid over', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  const { id } = await datasets.create({ project, name: 'qa' })
  const inputs = { question: 'Why?', top: { b: 1n, a: 1.0 } }
  const first = { inputs, outputs: 'x', expectations: { fact: 'a', kept: true }, tags: { t: '1' }, by: 'ada' }
  expect(await datasets.putRecords(id, [first])).toEqual({ added: 1, merged: 0 })
  open.clock.now = 2_000
  const again = { inputs: { top: { a: 1.0, b: 1n }, question: 'Why?' }, expectations: { fact: 'b' }, tags: { u: '2' } }
  const other = { inputs: { ...inputs, top: { a: 1n, b: 1n } } }
  expect(await datasets.putRecords(id, [again, other, other])).toEqual({ added: 1, merged: 2 })
  const { records } = await datasets.records(id, {})
  expect(records).toMatchObject([
    {
      inputs,
      outputs: 'x',
      expectations: { fact: 'b', kept: true },
      tags: { t: '1', u: '2' },
      createdAtMs: 1_000,
      updatedAtMs: 2_000,
      createdBy: 'ada',
    },
    // A whole double and an integer are two things.
    { inputs: { top: { a: 1n, b: 1n } }, outputs: {}, expectations: null },
  ])
  await datasets.putRecords(id, [{ inputs, outputs: null }])
  expect((await datasets.records(id, {})).records[0]?.outputs).toBeNull()
})

test('the schema has every field with the type seen first, the digest is another after each change', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  const { id, digest } = await datasets.create({ project, name: 'qa' })
  open.clock.now = 2_000
  await datasets.putRecords(id, [{ inputs: { q: 'x', n: 1n }, outputs: ['a'], expectations: { yes: true } }])
  await datasets.putRecords(id, [{ inputs: { q: 1.5, z: null }, outputs: { later: 1n } }])
  const changed = await datasets.get(id)
  expect(changed).toMatchObject({
    schema: { inputs: { q: 'string', n: 'integer', z: 'null' }, outputs: 'array', expectations: { yes: 'boolean' } },
    recordCount: 2,
  })
  expect(changed.digest).not.toBe(digest)
})

test('records come in pages in the order of their making, each once, and go one by one', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  const { id } = await datasets.create({ project, name: 'qa' })
  await datasets.putRecords(
    id,
    Array.from({ length: 25 }, (_, number) => ({ inputs: { number: BigInt(number) } })),
  )
  const seen: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await datasets.records(id, { limit: 10, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.records.map(({ inputs }) => inputs['number']))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  expect(seen).toEqual(Array.from({ length: 25 }, (_, number) => BigInt(number)))
  const { records } = await datasets.records(id, { limit: 2 })
  expect(
    await datasets.deleteRecords(
      id,
      records.map((record) => record.id),
    ),
  ).toBe(2)
  expect(await datasets.deleteRecords(id, ['dr-none'])).toBe(0)
  expect((await datasets.get(id)).recordCount).toBe(23)
})

test('data sets are found by name, times, people, tags and experiments, in any order, page by page', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  for (const [at, name] of ['b', 'a', 'a'].entries()) {
    open.clock.now = 1_000 + at
    await datasets.create({ project, name, tags: { n: String(at) }, experimentIds: at === 0 ? ['1'] : ['2', '3'], by: 'ada' })
  }
  const numbers = async (query: object) =>
    (await datasets.search({ project, ...query })).datasets.map(({ tags }) => tags['n']).join('')
  expect(await numbers({})).toBe('210')
  expect(await numbers({ sort: [{ field: 'name', direction: 'ascending' }] })).toBe('210')
  expect(await numbers({ experimentIds: ['3', '17'] })).toBe('21')
  expect(await numbers({ experimentIds: [] })).toBe('')
  const byName = { field: { scope: 'attribute', name: 'name' }, operator: 'in', values: ['b', 'c'] }
  expect(await numbers({ conditions: [byName] })).toBe('0')
  const byTag = { field: { scope: 'tag', name: 'n' }, operator: '!=', values: ['1'] }
  const since = { field: { scope: 'attribute', name: 'created' }, operator: '>=', values: [1_001] }
  expect(await numbers({ conditions: [byTag, since] })).toBe('2')
  const first = await datasets.search({ project, limit: 2 })
  expect(await numbers({ limit: 2, cursor: first.next })).toBe('0')
  expect((await datasets.search({ project: 'elsewhere' })).datasets).toEqual([])
})

test('tags and experiments come and go; what is unknown is refused, and nothing is half-written', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  await expect(datasets.create({ project, name: 'x', experimentIds: ['1', '9'] })).rejects.toMatchObject({
    code: 'not_found',
    details: { record: 'experiment', id: '9' },
  })
  expect((await datasets.search({ project })).datasets).toEqual([])
  const { id } = await datasets.create({ project, name: 'x', tags: { a: '1', b: '2' } })
  await datasets.setTags(id, { a: null, b: '3', gone: null })
  await datasets.changeExperiments(id, { add: ['1', '2', '1'] })
  await expect(datasets.changeExperiments(id, { add: ['77'] })).rejects.toMatchObject({ code: 'not_found' })
  const left = await datasets.changeExperiments(id, { remove: ['2', '77', 'x'] })
  expect(left).toMatchObject({ tags: { b: '3' }, experimentIds: ['1'] })
  await datasets.delete(id)
  await datasets.delete(id)
  await expect(datasets.get(id)).rejects.toMatchObject({ code: 'not_found', details: { record: 'dataset', id } })
  await expect(datasets.putRecords(id, [{ inputs: {} }])).rejects.toMatchObject({ code: 'not_found' })
})

test('any values come back as they were put', async () => {
  await using open = await openTemporaryEvaluation()
  const { datasets } = open.evaluation
  const { id } = await datasets.create({ project, name: 'any' })
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.bigInt(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  )
  const fields = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), value, { maxKeys: 4, noNullPrototype: true })
  let at = 0n
  await fc.assert(
    fc.asyncProperty(fields, value, async (expectations, outputs) => {
      const inputs: ExactValues = { at: at++ }
      await datasets.putRecords(id, [{ inputs, outputs, expectations }])
      const { records } = await datasets.records(id, { limit: 50_000 })
      expect(records.at(-1)).toMatchObject({ inputs, outputs, expectations })
    }),
    { numRuns: 30 },
  )
})

test('scorers have numbered versions, and no number is given twice', async () => {
  await using open = await openTemporaryEvaluation()
  const { scorers } = open.evaluation
  const register = (experimentId: string, name: string, body = '{}') => scorers.register({ experimentId, name, body })
  expect(await register('1', 'polite', '{"v":1}')).toMatchObject({ version: 1, body: '{"v":1}' })
  expect(
    (await Promise.all([register('1', 'polite'), register('1', 'polite')]))
      .map(({ version }) => version)
      .toSorted((left, right) => left - right),
  ).toEqual([2, 3])
  await register('1', 'exact')
  await register('2', 'polite')
  const newest = await scorers.newest(['2', '1', '1'])
  expect(newest.map(({ experimentId, name, version }) => `${experimentId} ${name} ${version}`)).toEqual([
    '1 exact 1',
    '1 polite 3',
    '2 polite 1',
  ])
  await scorers.delete('1', 'polite', 3)
  expect(await register('1', 'polite')).toMatchObject({ version: 4 })
  expect((await scorers.versions('1', 'polite')).map(({ version }) => version)).toEqual([1, 2, 4])
  expect(await scorers.get('1', 'polite')).toMatchObject({ version: 4 })
  expect(await scorers.get('1', 'polite', 1)).toMatchObject({ body: '{"v":1}' })
  await expect(scorers.get('1', 'polite', 3)).rejects.toMatchObject({
    code: 'not_found',
    details: { record: 'scorer', version: 3 },
  })
  await expect(scorers.delete('1', 'polite', 3)).rejects.toMatchObject({ code: 'not_found' })
  await scorers.delete('1', 'polite')
  await expect(scorers.versions('1', 'polite')).rejects.toMatchObject({ code: 'not_found' })
  await expect(register('3', 'polite')).rejects.toMatchObject({ code: 'failed_precondition' })
  await expect(register('1', '  ')).rejects.toMatchObject({ code: 'invalid_argument' })
})
