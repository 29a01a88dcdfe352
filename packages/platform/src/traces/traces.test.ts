import { expect, test } from 'vitest'
import fc from 'fast-check'
import { openTemporaryTraces, spanOf } from './testing/temporary-traces.ts'
import type { NewTrace, TraceCondition } from './traces.ts'

const trace = (id: string, fields: Partial<NewTrace> = {}): NewTrace => ({
  id,
  experimentId: '1',
  state: 'OK',
  startedAtMs: 100,
  durationMs: 10,
  ...fields,
})

test('what is told again replaces what was told; tags and metadata that are not named stay', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  await traces.put(
    trace('a', { state: 'IN_PROGRESS', tags: { kept: '1', changed: '1' }, metadata: { m: '1' }, requestPreview: 'in' }),
  )
  const again = await traces.put(trace('a', { durationMs: 50, tags: { changed: '2' }, responsePreview: 'out' }))
  expect(again).toMatchObject({ state: 'OK', durationMs: 50, requestPreview: 'in', responsePreview: 'out', metadata: { m: '1' } })
  expect(again.tags).toEqual({ kept: '1', changed: '2' })
})

test('a trace nobody told of follows its spans, whatever their order, until somebody tells', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  const child = spanOf({ traceId: 't', id: 'b', parentId: 'a', attributes: { 'mlflow.chat.tokenUsage': { input_tokens: 3n } } })
  await traces.addSpans('2', [child])
  expect(await traces.find('t')).toMatchObject({ experimentId: '2', state: 'IN_PROGRESS', startedAtMs: 5_000, durationMs: 1_000 })
  const root = spanOf({
    traceId: 't',
    id: 'a',
    name: 'root',
    startedAtNs: 4_000_000_000n,
    endedAtNs: 7_000_000_000n,
    attributes: { 'mlflow.spanInputs': { q: 1n }, 'mlflow.chat.tokenUsage': { input_tokens: 5n }, 'session.id': 's' },
  })
  await traces.addSpans('2', [root, root])
  const followed = await traces.find('t')
  expect(followed).toMatchObject({ state: 'OK', startedAtMs: 4_000, durationMs: 3_000, requestPreview: '{"q": 1}', spanCount: 2 })
  expect(followed?.tags).toEqual({ 'mlflow.traceName': 'root' })
  expect(followed?.metadata).toEqual({ 'mlflow.trace.session': 's', 'mlflow.trace.tokenUsage': '{"input_tokens":5}' })
  await traces.put(trace('t', { experimentId: '1', startedAtMs: 1, durationMs: 2 }))
  await traces.addSpans('2', [spanOf({ traceId: 't', id: 'c', parentId: 'a', startedAtNs: 0n })])
  expect(await traces.find('t')).toMatchObject({ experimentId: '1', startedAtMs: 1, durationMs: 2, spanCount: 3 })
})

test('spans of several traces are stored all or none', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  await traces.put(trace('known'))
  const spans = [spanOf({ traceId: 'known', id: 'a' }), spanOf({ traceId: 'new', id: 'b' })]
  await expect(traces.addSpans('99', spans)).rejects.toMatchObject({ code: 'not_found', details: { record: 'experiment' } })
  await expect(traces.addSpans('3', spans)).rejects.toMatchObject({ code: 'failed_precondition' })
  expect((await traces.find('known'))?.spanCount).toBe(0)
  await traces.addSpans('1', spans)
  expect([...(await traces.spansOf(['known', 'new', 'none'])).keys()]).toEqual(['known', 'new'])
})

test('conditions on spans hold for one and the same span', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  await traces.addSpans('1', [
    spanOf({ traceId: 't', id: 'a', name: 'x', attributes: { 'a "quoted" $.key': true, n: 1, list: [1n] } }),
    spanOf({ traceId: 't', id: 'b', name: 'y', attributes: { 'a "quoted" $.key': 'text' } }),
  ])
  const search = async (...conditions: TraceCondition[]) =>
    (await traces.search({ experimentIds: ['1'], conditions })).traces.map(({ id }) => id)
  const name = (value: string): TraceCondition => ({ field: { scope: 'span', name: 'name' }, operator: '=', values: [value] })
  const attribute = (key: string, value: string): TraceCondition => ({
    field: { scope: 'spanAttribute', name: key },
    operator: '=',
    values: [value],
  })
  expect(await search(name('x'), attribute('a "quoted" $.key', 'true'))).toEqual(['t'])
  expect(await search(name('y'), attribute('a "quoted" $.key', 'true'))).toEqual([])
  expect(await search(name('x'), name('y'))).toEqual([])
  expect(await search(attribute('n', '1.0'))).toEqual(['t'])
  expect(await search(attribute('list', '[1]'))).toEqual(['t'])
})

test('pages in any order hold every trace once, in that order, missing values last', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  const made = fc.sample(
    fc.record({
      startedAtMs: fc.nat(5),
      durationMs: fc.option(fc.nat(3), { nil: undefined }),
      tag: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    }),
    { numRuns: 60, seed: 5 },
  )
  for (const [at, { startedAtMs, durationMs, tag }] of made.entries())
    await traces.put({
      id: `t${at}`,
      experimentId: '1',
      state: 'OK',
      startedAtMs,
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(tag === undefined ? {} : { tags: { tag } }),
    })
  const sort = [
    { field: { scope: 'tag' as const, name: 'tag' }, direction: 'descending' as const },
    { field: { scope: 'attribute' as const, name: 'duration' as const }, direction: 'ascending' as const },
  ]
  const whole = (await traces.search({ experimentIds: ['1'], sort, limit: 1000 })).traces.map(({ id }) => id)
  const paged: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await traces.search({ experimentIds: ['1'], sort, limit: 7, ...(cursor === undefined ? {} : { cursor }) })
    paged.push(...page.traces.map(({ id }) => id))
    if (page.next === null) break
    cursor = page.next
  }
  expect(paged).toEqual(whole)
  expect(new Set(whole).size).toBe(60)
  const tags = whole.map((id) => made[Number(id.slice(1))]!.tag)
  expect(tags.lastIndexOf('y')).toBeLessThan(tags.indexOf('x'))
  expect(tags.lastIndexOf('x')).toBeLessThan(tags.indexOf(undefined))
})

test('regular expressions that would take for ever elsewhere take no time, and broken ones are refused', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  await traces.put(trace('a', { tags: { t: `${'a'.repeat(50_000)}!` } }))
  const search = (pattern: string) =>
    traces.search({
      experimentIds: ['1'],
      conditions: [{ field: { scope: 'tag', name: 't' }, operator: 'matches', values: [pattern] }],
    })
  expect((await search('(a+)+$')).traces).toEqual([])
  expect((await search('^a+!')).traces).toHaveLength(1)
  await expect(search('(')).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('an assessment that stands instead of another makes it invalid until it is deleted', async () => {
  await using open = await openTemporaryTraces()
  const { assessments, put } = open.traces
  await put(trace('t'))
  const given = { kind: 'feedback' as const, name: 'good', source: { type: 'HUMAN', id: 'ann' } }
  const first = await assessments.create('t', { ...given, value: 'no' })
  const second = await assessments.create('t', { ...given, value: 'yes', overrides: first.id })
  expect((await assessments.get('t', first.id)).isValid).toBe(false)
  await assessments.delete('t', second.id)
  await assessments.delete('t', second.id)
  expect((await assessments.get('t', first.id)).isValid).toBe(true)
  await expect(assessments.create('t', { ...given, value: 1, overrides: 'a-none' })).rejects.toMatchObject({ code: 'not_found' })
  expect((await open.traces.find('t'))?.assessments).toHaveLength(1)
  await expect(assessments.update('t', first.id, { kind: 'expectation', value: 1 })).rejects.toMatchObject({
    code: 'invalid_argument',
  })
})

test('the oldest are removed first, and only of the experiment', async () => {
  await using open = await openTemporaryTraces()
  const { traces } = open
  for (const at of [3, 1, 2]) await traces.put(trace(`t${at}`, { startedAtMs: at }))
  await traces.put(trace('other', { experimentId: '2', startedAtMs: 0 }))
  expect(await traces.remove({ experimentId: '1', untilMs: 3, limit: 2 })).toEqual(['t1', 't2'])
  expect(await traces.remove({ experimentId: '1', ids: ['t3', 'other', 'none'] })).toEqual(['t3'])
  expect(await traces.find('other')).toBeDefined()
})
