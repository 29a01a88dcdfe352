import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
beforeAll(async () => {
  server = await openServer()
  await server.app.inject({
    method: 'POST',
    url: '/v1/traces',
    headers: { host: 'localhost', 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
    payload: JSON.stringify({
      resourceSpans: [
        { scopeSpans: [{ spans: [spanOf('a', { name: 'quick' }), spanOf('b', { name: 'slow_100%', tookMs: 5_000 })] }] },
      ],
    }),
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const spanOf = (digit: string, { name, tookMs = 2 }: { name: string; tookMs?: number }) => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  name,
  startTimeUnixNano: '1700000000000500000',
  endTimeUnixNano: String(1_700_000_000_000_500_000n + BigInt(tookMs) * 1_000_000n),
  attributes: [
    { key: 'mlflow.spanType', value: { stringValue: '"LLM"' } },
    { key: 'mlflow.spanInputs', value: { stringValue: '{"question": 1}' } },
    { key: 'mine', value: { stringValue: '{"a": 1}' } },
    { key: 'tokens', value: { intValue: '9007199254740993' } },
  ],
  events: [{ name: 'half', timeUnixNano: '1700000000001500000', attributes: [] }],
})

const found = async (query: Record<string, unknown>): Promise<unknown[]> => {
  const { traces } = (await server.ask('GET', `${root}/traces`, query)).json as never as { traces: { name: string }[] }
  return traces.map(({ name }) => name)
}

describe('traces', () => {
  test('are found by project, state, words in their spans, and how long they took', async () => {
    expect(await found({ sort: 'slowest' })).toEqual(['slow_100%', 'quick'])
    expect(await found({ project: 'default', state: 'ERROR' })).toEqual([])
    expect(await found({ minDurationMs: 1_000 })).toEqual(['slow_100%'])
    expect(await found({ text: 'SLOW_100%' })).toEqual(['slow_100%'])
    expect(await found({ text: 'q_ick' })).toEqual([])
    expect(await found({ project: 'nobody' })).toEqual([])
    expect(await found({ experiment: '12345' })).toEqual([])
  })

  test('come page by page', async () => {
    const first = await server.ask('GET', `${root}/traces`, { limit: 1, sort: 'slowest' })
    expect(await found({ limit: 1, sort: 'slowest', cursor: first.json['next'] })).toEqual(['quick'])
  })

  test('tell times since their start, values of MLflow as values, and integers of any length', async () => {
    const { json } = await server.ask('GET', `${root}/traces/tr-${'a'.repeat(32)}`)
    expect(json).toMatchObject({
      trace: { name: 'quick', runId: null, spanCount: 1, startedAtMs: 1_700_000_000_000 },
      spans: [
        {
          type: 'LLM',
          startMs: 0,
          endMs: 2,
          events: [{ name: 'half', atMs: 1 }],
          attributes: { 'mlflow.spanInputs': { question: 1 }, mine: '{"a": 1}', tokens: '9007199254740993' },
        },
      ],
    })
    expect((await server.ask('GET', `${root}/traces/tr-none`)).status).toBe(404)
  })
})
