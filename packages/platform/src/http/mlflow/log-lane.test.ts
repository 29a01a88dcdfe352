import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

let server: OpenServer
let guarded: OpenServer
beforeAll(async () => {
  server = await openServer()
  guarded = await openServer({ token: 'secret' })
  for (const each of [server, guarded]) await each.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
})

interface Told {
  status: number
  text: string
  headers: Record<string, unknown>
}

/** Over a socket, where the lane is; injected requests never come that way. */
const send = (to: OpenServer, path: string, body: string, headers: Record<string, string> = {}): Promise<Told> =>
  new Promise((resolve, reject) => {
    const { port } = to.app.server.address() as AddressInfo
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })

const createRun = async (on: OpenServer, headers: Record<string, string> = {}): Promise<string> => {
  const { json } = await on.ask('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' }, headers)
  return (json as unknown as { run: { info: { run_id: string } } }).run.info.run_id
}

describe('requests that take the short way', () => {
  test('are answered as those that go through all of the server', async () => {
    const run = await createRun(server)
    const trashed = await createRun(server)
    await server.tracking.reported.trash(trashed)
    const metric = { key: 'm', value: 1, timestamp: 1, step: 1 }
    const bodies = [
      '',
      '{',
      '[]',
      'null',
      '{"value": NaN}',
      ...[
        {},
        { run_id: run },
        { run_id: run, ...metric },
        { run_id: run, ...metric, value: 'NaN', step: '2' },
        { run_id: run, ...metric, value: 'x' },
        { run_id: run, ...metric, timestamp: -1 },
        { run_id: run, ...metric, step: 2 ** 60 },
        { run_id: run, ...metric, key: '../x' },
        { run_id: run, ...metric, model_id: 'm-unknown' },
        { run_id: trashed, ...metric },
        { run_id: 'f'.repeat(32), ...metric },
        { run_id: run, metrics: [metric, { ...metric, key: 'n', step: 3 }], params: [{ key: 'p', value: '1' }] },
        { run_id: run, metrics: [metric, { ...metric, value: {} }] },
        { run_id: run, params: [{ key: 'p', value: '2' }] },
        { run_id: run, metrics: Array.from({ length: 1001 }, () => metric) },
      ].map((body) => JSON.stringify(body)),
    ]
    for (const path of ['/api/2.0/mlflow/runs/log-metric', '/api/2.0/mlflow/runs/log-batch']) {
      for (const body of bodies) {
        const short = await send(server, path, body)
        const long = await server.ask('POST', path, body)
        expect([body, short.status, short.text]).toEqual([body, long.status, long.text])
        expect(short.headers['content-type']).toEqual(long.headers['content-type'])
        expect(short.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' })
      }
    }
    expect((await server.tracking.metrics.history(run, 'm')).map(({ step }) => step)).toEqual([1, 2])
    expect((await server.tracking.runs.get(run)).parameters).toEqual({ p: 1 })
  })

  test('are counted among the figures of the server', async () => {
    const run = await createRun(server)
    const path = '/api/2.0/mlflow/runs/log-metric'
    const counted = async (status: number): Promise<number> => {
      const { text } = await server.ask('GET', '/metrics')
      const labels = `method="POST",route="${path}",status="${status}"`
      const line = text.split('\n').find((each) => each.startsWith(`trainyard_http_request_duration_seconds_count{${labels}}`))
      return Number(line?.split(' ').at(-1) ?? 0)
    }
    const before = await Promise.all([counted(200), counted(400)])
    await send(server, path, JSON.stringify({ run_id: run, key: 'm', value: 1, timestamp: 1 }))
    await send(server, path, '{}')
    expect(await Promise.all([counted(200), counted(400)])).toEqual([before[0] + 1, before[1] + 1])
  })

  test('pass the same guard', async () => {
    const path = '/api/2.0/mlflow/runs/log-metric'
    const token = { authorization: 'Bearer secret' }
    const run = await createRun(guarded, token)
    const body = JSON.stringify({ run_id: run, key: 'm', value: 1, timestamp: 1 })
    expect((await send(guarded, path, body)).status).toBe(401)
    expect((await send(guarded, path, body, { authorization: 'Bearer other' })).status).toBe(401)
    expect((await send(guarded, path, body, { ...token, host: 'evil.example' })).status).toBe(403)
    expect((await send(guarded, path, body, { ...token, origin: 'http://evil.example' })).status).toBe(403)
    expect((await send(guarded, path, body, { ...token, 'content-type': 'text/plain' })).status).toBe(400)
    expect((await send(guarded, path, body, token)).status).toBe(200)
    expect((await send(guarded, path, body, { ...token, host: 'evil.example' })).status).toBe(403)
    expect(await guarded.tracking.metrics.history(run, 'm')).toHaveLength(1)
  })
})
