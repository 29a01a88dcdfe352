import { newRunId } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
let id: string
beforeAll(async () => {
  server = await openServer()
  id = newRunId(1_000)
  await server.tracking.reported.create({
    id,
    experimentId: '0',
    name: 'run',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: '',
    outPath: '/out',
  })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the native interface', () => {
  test('what is logged is read back, NaN and infinities included', async () => {
    const points = ['NaN', 'Infinity', 0.5].map((value, step) => ({ key: 'a/b', step, timeMs: step, value }))
    for (let round = 0; round < 2; round++) {
      const logged = await server.ask('POST', `${root}/runs/${id}/log`, {
        points,
        parameters: { eta: 0.1 },
        labels: { team: 'red' },
      })
      expect([logged.status, logged.text]).toEqual([200, '{}'])
    }
    expect((await server.ask('GET', `${root}/runs/${id}/points`, { key: 'a/b' })).json).toEqual({
      points: points.map(({ step, timeMs, value }) => ({ step, timeMs, value })),
    })
    expect(
      (await server.ask('GET', `${root}/runs`, { filter: 'params.eta = 0.1 and labels.team = red', limit: 1 })).json,
    ).toMatchObject({
      runs: [{ id, results: { 'a/b': 0.5 } }],
      next: null,
    })
    await server.tracking.logs.append(id, [{ offset: 0, timeMs: 1, bytes: Buffer.from('añb') }])
    expect((await server.ask('GET', `${root}/runs/${id}/output`, { limitBytes: 2 })).json).toEqual({
      text: 'a',
      next: 1,
      sizeBytes: 4,
    })
    expect((await server.ask('GET', `${root}/runs/${id}/output`, { offset: 1 })).json).toEqual({
      text: 'ñb',
      next: 4,
      sizeBytes: 4,
    })
  })

  test('what does not fit is refused with the field’s name', async () => {
    for (const [method, path, given, words] of [
      ['GET', '/runs', { limit: 0 }, 'limit'],
      ['GET', '/runs', { limits: 5 }, 'The query'],
      ['GET', '/runs', { filter: 'metrics.' }, ''],
      ['GET', '/runs', { cursor: 'x' }, 'cursor'],
      ['POST', `/runs/${id}/log`, { points: [{ key: 'a', step: 1.5, timeMs: 1, value: 1 }] }, 'points.0.step'],
      ['POST', `/runs/${id}/log`, '{', 'JSON'],
      ['PATCH', `/runs/${id}`, { state: 'sleeping' }, 'state'],
    ] as const) {
      const answer = await server.ask(method, `${root}${path}`, given)
      expect([answer.status, answer.text], path).toEqual([400, expect.stringContaining(words)])
    }
    expect((await server.ask('GET', `${root}/runs/${'0'.repeat(32)}`)).status).toBe(404)
  })

  test('every operation of the document answers, and never with 5xx, whatever it is sent', async () => {
    const document = (await server.ask('GET', `${root}/openapi.json`)).json as unknown as {
      openapi: string
      paths: Record<string, Record<string, { parameters: { name: string; in: string }[] }>>
    }
    expect(document.openapi).toBe('3.1.0')
    const all = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, each]) => ({ path, method: method.toUpperCase() as 'GET', each })),
    )
    expect(all.length).toBeGreaterThan(10)
    const odd = fc.oneof(fc.constantFrom('', '0', id, 'created desc', "state = 'x'", '1e9', '-1'), fc.string())
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        odd,
        fc.array(odd, { maxLength: 3 }),
        fc.jsonValue({ maxDepth: 2 }),
        async (one, part, values, body) => {
          const url = one.path.replace('{run}', encodeURIComponent(values.length > 2 ? id : part))
          const names = one.each.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
          const query = Object.fromEntries(values.flatMap((value, at) => (names[at] === undefined ? [] : [[names[at], value]])))
          const answer = await server.ask(one.method, url, one.method === 'GET' ? query : JSON.stringify(body))
          expect(answer.status, `${one.method} ${url} ${answer.text}`).toBeLessThan(500)
        },
      ),
      { numRuns: 500 },
    )
  }, 60_000)

  test('a listener hears states, metrics and output, and goes on where it was cut off', async () => {
    const other = newRunId(2_000)
    await server.tracking.reported.create({
      id: other,
      experimentId: '0',
      name: 'run',
      kind: 'run',
      state: 'running',
      owner: 'ada',
      host: '',
      outPath: '/out',
    })
    await server.tracking.logs.append(other, [{ offset: 0, timeMs: 1, bytes: Buffer.from('hello') }])
    await server.tracking.reported.log(other, { points: [{ key: 'm', step: 1, timeMs: 1, value: 2 }] })
    await server.tracking.reported.setState(other, { state: 'completed' })
    const whole = await server.ask('GET', `${root}/runs/${other}/changes`)
    const events = Array.from(whole.text.matchAll(/^event: (\w+)$/gm), ([, event]) => event)
    expect(events).toEqual(['state', 'state', 'metrics', 'output', 'end'])
    expect(whole.text).toContain(Buffer.from('hello').toString('base64'))
    const rest = await server.ask('GET', `${root}/runs/${other}/changes`, undefined, { 'last-event-id': '1-3' })
    expect(rest.text.match(/event: state/g)).toHaveLength(1)
    expect(rest.text).toContain(Buffer.from('lo').toString('base64'))
  })
})
