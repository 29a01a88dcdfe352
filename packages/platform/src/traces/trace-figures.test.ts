import { expect, test } from 'vitest'
import { openTemporaryTraces, spanOf } from './testing/temporary-traces.ts'
import type { TraceFigureQuery } from './traces.ts'

async function filled() {
  const open = await openTemporaryTraces()
  const { traces } = open
  for (let at = 0; at < 10; at++) {
    const id = `t${at}`
    const state = at % 3 === 0 ? ('ERROR' as const) : ('OK' as const)
    const session = at === 0 ? {} : { 'mlflow.trace.session': at < 5 ? 'a' : 'b' }
    const usage = at === 9 ? 'no JSON' : JSON.stringify({ input_tokens: at, total_tokens: 2 * at })
    await traces.put({
      id,
      experimentId: at === 8 ? '2' : '1',
      state,
      startedAtMs: -1_000 + at * 500,
      ...(at === 7 ? {} : { durationMs: at * 10 }),
      tags: at === 6 ? {} : { 'mlflow.traceName': at < 4 ? 'early' : 'late' },
      metadata: { ...session, 'mlflow.trace.tokenUsage': usage },
      assessments: [
        { kind: 'feedback', name: 'good', source: { type: 'HUMAN', id: 'me' }, value: at < 5 ? 'yes' : at === 5 ? true : 0.5 },
      ],
    })
    const attributes = { 'mlflow.llm.model': at < 5 ? 'small' : 'large', 'mlflow.llm.cost': { total_cost: at / 4 } }
    await traces.addSpans('1', [
      spanOf({
        traceId: id,
        id: `a${at}`,
        name: 'ask',
        attributes,
        endedAtNs: at === 3 ? null : 5_000_000_000n + BigInt(at) * 2_500_000n,
      }),
      spanOf({ traceId: id, id: `b${at}`, parentId: `a${at}`, status: { code: 'ERROR', message: '' } }),
    ])
  }
  const figures = async (query: Partial<TraceFigureQuery> & Pick<TraceFigureQuery, 'measure'>) =>
    (await traces.figures({ experimentIds: ['1'], aggregations: ['count'], ...query })).map(({ atMs, dimensions, values }) => [
      ...(atMs === null ? [] : [atMs]),
      ...dimensions,
      ...values,
    ])
  return { open, figures, traces }
}

test('traces are counted by name, state and stretch of time, also before 1970', async () => {
  const { open, figures } = await filled()
  await using _ = open
  expect(await figures({ measure: { of: 'traces', name: 'count' } })).toEqual([[9]])
  expect(await figures({ measure: { of: 'traces', name: 'count' }, dimensions: ['name', 'state'] })).toEqual([
    ['early', 'ERROR', 2],
    ['early', 'OK', 2],
    ['late', 'ERROR', 1],
    ['late', 'OK', 3],
  ])
  const stretches = { intervalMs: 1_500, sinceMs: -500, untilMs: 2_500 }
  expect(await figures({ measure: { of: 'traces', name: 'count' }, ...stretches })).toEqual([
    [-1_500, 1],
    [0, 3],
    [1_500, 3],
  ])
  expect(await figures({ measure: { of: 'traces', name: 'sessions' } })).toEqual([[2]])
  expect(await figures({ measure: { of: 'traces', name: 'count' }, limit: 1, dimensions: ['name'] })).toEqual([['early', 4]])
})

test('durations, tokens, costs and what people say are measured; what is missing or no number counts for nothing', async () => {
  const { open, figures } = await filled()
  await using _ = open
  const all = ['sum', 'mean', 'smallest', 'largest', { percentile: 25 }] as const
  expect(await figures({ measure: { of: 'traces', name: 'duration' }, aggregations: all })).toEqual([[300, 37.5, 0, 90, 17.5]])
  const tokens = { of: 'traces', name: 'tokens', kind: 'total_tokens' } as const
  expect(await figures({ measure: tokens, aggregations: ['sum'] })).toEqual([[56]])
  const cost = { of: 'spans', name: 'cost', kind: 'total_cost' } as const
  expect(await figures({ measure: cost, aggregations: ['sum'], dimensions: ['model'] })).toEqual([
    ['large', 6.75],
    ['small', 2.5],
  ])
  expect(await figures({ measure: { of: 'spans', name: 'duration' }, aggregations: ['largest'], dimensions: ['name'] })).toEqual([
    ['ask', 22],
    ['span', 1_000],
  ])
  expect(await figures({ measure: { of: 'assessments', name: 'value' }, aggregations: ['mean'], dimensions: ['name'] })).toEqual([
    ['good', 7.5 / 9],
  ])
})

test('filters ask traces, spans and assessments; nothing found is a count of nothing', async () => {
  const { open, figures } = await filled()
  await using _ = open
  const failed = {
    on: 'trace',
    condition: { field: { scope: 'attribute', name: 'state' }, operator: '=', values: ['ERROR'] },
  } as const
  expect(await figures({ measure: { of: 'traces', name: 'count' }, filters: [failed] })).toEqual([[4]])
  const span = { on: 'span', field: 'status', value: 'ERROR' } as const
  expect(await figures({ measure: { of: 'spans', name: 'count' }, filters: [failed, span] })).toEqual([[4]])
  const nobody = { on: 'assessment', field: 'name', value: 'bad' } as const
  expect(await figures({ measure: { of: 'assessments', name: 'count' }, filters: [nobody] })).toEqual([[0]])
  expect(await figures({ measure: { of: 'assessments', name: 'value' }, aggregations: ['mean'], filters: [nobody] })).toEqual([
    [null],
  ])
  expect(await figures({ measure: { of: 'traces', name: 'count' }, experimentIds: ['1', '2', 'x'] })).toEqual([[10]])
})

test('overlaps of two conditions are counted', async () => {
  const { open, traces } = await filled()
  await using _ = open
  const first = [{ field: { scope: 'attribute', name: 'state' }, operator: '=', values: ['OK'] }] as const
  const second = [{ field: { scope: 'tag', name: 'mlflow.traceName' }, operator: '=', values: ['early'] }] as const
  const base = [{ field: { scope: 'attribute', name: 'started' }, operator: '>=', values: [0] }] as const
  const experimentIds = ['1']
  expect(await traces.countOverlap({ experimentIds, first, second })).toEqual({ first: 5, second: 4, both: 2, total: 9 })
  expect(await traces.countOverlap({ experimentIds, first, second, base })).toEqual({ first: 4, second: 2, both: 1, total: 7 })
  expect(await traces.countOverlap({ experimentIds: ['2'], first, second: [] })).toEqual({
    first: 1,
    second: 1,
    both: 1,
    total: 1,
  })
  expect(await traces.countOverlap({ experimentIds: [], first, second })).toEqual({ first: 0, second: 0, both: 0, total: 0 })
})
