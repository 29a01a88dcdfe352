import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

let server: OpenServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const call = (path: string, body: object | string) => server.ask('POST', `/api/2.0/mlflow/${path}`, body)

interface Created {
  run: { info: { run_id: string; artifact_uri: string } }
}

async function createRun(fields: object = {}): Promise<string> {
  const { json } = await call('runs/create', { experiment_id: '0', ...fields })
  return (json as unknown as Created).run.info.run_id
}

describe('runs', () => {
  test('a batch with one bad item changes nothing, whatever the item', async () => {
    const run = await createRun()
    const good = {
      metrics: [{ key: 'm', value: 1, timestamp: 1 }],
      params: [{ key: 'p', value: '1' }],
      tags: [{ key: 't', value: '1' }],
    }
    await call('runs/log-batch', { run_id: run, params: [{ key: 'fixed', value: '1' }] })
    for (const bad of [
      { metrics: [{ key: 'a#b', value: 1, timestamp: 1 }] },
      { metrics: [{ key: 'm', timestamp: 1 }] },
      { metrics: [{ key: 'm', value: 1, timestamp: -1 }] },
      { metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1.5 }] },
      { metrics: [{ key: 'm', value: 1, timestamp: 1, model_id: 'm-unknown' }] },
      { params: [{ key: 'fixed', value: '2' }] },
      {
        params: [
          { key: 'd', value: '1' },
          { key: 'd', value: '1' },
        ],
      },
      { params: Array.from({ length: 101 }, (_, at) => ({ key: `p${at}`, value: '' })) },
      { tags: [{ key: '../x', value: '' }] },
      { tags: [{ value: '' }] },
    ]) {
      const answer = await call('runs/log-batch', { run_id: run, ...good, ...bad })
      expect([400, 404], JSON.stringify(bad)).toContain(answer.status)
      const record = await server.tracking.runs.get(run)
      expect([record.parameters, record.results, record.labels]).toEqual([{ fixed: 1 }, {}, {}])
    }
  })

  test('what a client reports is the record that everybody else reads', async () => {
    const parent = await createRun({ run_name: 'outer' })
    const run = await createRun({
      run_name: 'inner',
      start_time: 1_000,
      user_id: 'ada',
      tags: [{ key: 'mlflow.parentRunId', value: parent }],
    })
    await call('runs/log-batch', {
      run_id: run,
      metrics: [{ key: 'loss', value: '0.5', timestamp: '7', step: '2' }],
      params: [{ key: 'eta', value: '0.1' }],
    })
    await call('runs/update', { run_id: run, status: 'FINISHED', end_time: 2_000 })
    expect(await server.tracking.runs.get(run)).toMatchObject({
      name: 'inner',
      project: 'default',
      experiment: 'Default',
      parentId: parent,
      state: 'completed',
      createdAtMs: 1_000,
      endedAtMs: 2_000,
      owner: 'ada',
      parameters: { eta: 0.1 },
      results: { loss: 0.5 },
      supervisor: null,
    })
    expect((await server.tracking.runs.history(run)).map(({ state }) => state)).toEqual(['running', 'completed'])
  })

  test('our own supervisor has the last word on the state of its run', async () => {
    const id = '0193af00000070008000000000000001'
    await server.tracking.runs.create({
      id,
      name: 'ours',
      project: 'default',
      experiment: 'train',
      kind: 'run',
      state: 'running',
      owner: 'ada',
      host: 'lab',
      outPath: server.folder,
      supervisor: { host: 'lab', bootId: 'b', pid: 1, startTicks: 1, heartbeatAtMs: 1 },
    })
    await call('runs/update', { run_id: id, status: 'FINISHED', run_name: 'renamed' })
    expect(await server.tracking.runs.get(id)).toMatchObject({ state: 'running', name: 'renamed' })
  })

  test('no request at all is answered with 5xx', async () => {
    const run = await createRun()
    const odd = fc.oneof(
      fc.constantFrom<unknown>(run, '0', '', null, true, -1, 1e300, 'NaN', [], {}, '../..', '\u0000', '🦊', 'x'.repeat(9_000)),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const paths = [
      'experiments/create',
      'experiments/search',
      'experiments/update',
      'experiments/delete',
      'experiments/restore',
      'experiments/set-experiment-tag',
      'experiments/delete-experiment-tag',
      'runs/create',
      'runs/update',
      'runs/delete',
      'runs/restore',
      'runs/search',
      'runs/log-metric',
      'runs/log-parameter',
      'runs/set-tag',
      'runs/delete-tag',
      'runs/log-batch',
      'runs/log-model',
      'runs/log-inputs',
      'runs/outputs',
      'logged-models',
      'logged-models/search',
      'experiments/search-datasets',
    ]
    const names = [
      'run_id',
      'experiment_id',
      'experiment_ids',
      'key',
      'value',
      'name',
      'new_name',
      'timestamp',
      'step',
      'metrics',
      'params',
      'tags',
      'filter',
      'order_by',
      'page_token',
      'max_results',
      'model_json',
      'datasets',
      'models',
      'status',
      'end_time',
      'start_time',
      'artifact_location',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.array(fc.tuple(fc.constantFrom(...names), odd), { maxLength: 6 }),
        async (path, fields) => {
          const answer = await call(path, { run_id: run, experiment_id: '1', ...Object.fromEntries(fields) })
          expect(answer.status, `${path} ${answer.text}`).toBeLessThan(500)
        },
      ),
      { numRuns: 1_500 },
    )
  })
})

describe('artifacts', () => {
  // Random requests may have deleted the default experiment, which the server rightly allows.
  beforeAll(async () => {
    await call('experiments/restore', { experiment_id: '0' })
  })

  const root = '/api/2.0/mlflow-artifacts/artifacts'
  const bytes = { 'content-type': 'application/octet-stream' }

  test('a file is stored whole, listed by its base name, read in ranges and removed', async () => {
    const run = await createRun()
    const place = `${root}/0/${run}/artifacts`
    expect((await server.ask('PUT', `${place}/d/a%20b.txt`, '0123456789', bytes)).status).toBe(200)
    expect((await server.ask('PUT', `${place}/empty`, '', bytes)).status).toBe(200)
    expect((await server.ask('GET', root, { path: `0/${run}/artifacts/d` })).json).toEqual({
      files: [{ path: 'a b.txt', is_dir: false, file_size: 10 }],
    })
    expect((await server.ask('GET', '/api/2.0/mlflow/artifacts/list', { run_id: run })).json).toMatchObject({
      root_uri: `mlflow-artifacts:/0/${run}/artifacts`,
      files: [
        { path: 'd', is_dir: true },
        { path: 'empty', is_dir: false },
      ],
    })
    const whole = await server.ask('GET', `${place}/d/a%20b.txt`)
    expect([whole.status, whole.text]).toEqual([200, '0123456789'])
    expect(whole.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' })
    for (const [range, text] of [
      ['bytes=2-4', '234'],
      ['bytes=7-', '789'],
      ['bytes=-2', '89'],
    ] as const) {
      const part = await server.ask('GET', `${place}/d/a%20b.txt`, undefined, { range })
      expect([part.status, part.text]).toEqual([206, text])
    }
    expect((await server.ask('GET', `${place}/d/a%20b.txt`, undefined, { range: 'bytes=10-' })).status).toBe(416)
    expect((await server.ask('HEAD', `${place}/d/a%20b.txt`)).headers['content-length']).toBe('10')
    expect((await server.ask('GET', '/get-artifact', { run_id: run, path: 'd/a b.txt' })).text).toBe('0123456789')
    const recorded = (await server.tracking.artifacts.ofRun(run)).map(({ key, sizeBytes }) => [key, sizeBytes] as const)
    expect(new Map(recorded)).toEqual(
      new Map([
        ['d/a b.txt', 10],
        ['empty', 0],
      ]),
    )
    expect((await server.ask('DELETE', `${place}/d`)).status).toBe(200)
    expect((await server.ask('GET', `${place}/d/a%20b.txt`)).status).toBe(404)
    expect((await server.ask('DELETE', `${place}/d`)).status).toBe(200)
  })

  test('no spelling of a path leaves the folder of its run', async () => {
    const run = await createRun()
    const { port } = new URL(await server.app.listen({ host: '127.0.0.1', port: 0 }))
    // Over a socket: whatever parses addresses on the way would straighten the path first.
    const send = (method: string, path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port, method, path: `${root}/0/${run}/artifacts/${path}`, agent: false },
          (answer) => {
            answer.resume()
            answer.on('end', () => resolve(answer.statusCode ?? 0))
          },
        )
        sent.on('error', reject)
        sent.end(method === 'PUT' ? 'x' : undefined)
      })
    const pieces = [
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%252e%252e',
      '/',
      '%2f',
      '%252f',
      '%5c',
      '\\',
      'a',
      '%00',
      '%23',
      ';',
      'C:',
      '~',
      '%20',
      'file:',
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 }), async (parts) => {
        const path = parts.join('')
        for (const method of ['PUT', 'GET', 'DELETE']) {
          const status = await send(method, path)
          expect(status, `${method} ${path}`).toBeLessThan(500)
          if (/(?:^|[/\\]|%2f|%252f|%5c)(?:\.|%2e|%252e){2}(?:$|[/\\]|%2f|%252f|%5c)/i.test(path))
            expect(status, `${method} ${path}`).not.toBe(200)
        }
        await send('PUT', path)
      }),
      { numRuns: 300 },
    )
    const files = readdirSync(server.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const outside = files.filter((entry) => !entry.parentPath.startsWith(join(server.folder, 'artifacts', 'default')))
    expect(outside.map(({ name }) => name).filter((name) => !name.startsWith('trainyard.db'))).toEqual([])
  })

  test('the whole store, a run’s whole folder and unknown places cannot be removed or listed', async () => {
    const run = await createRun()
    for (const path of [
      '',
      '.',
      '%2e',
      '%252e',
      '%20',
      '/',
      '0',
      '0/..',
      `0/${run}`,
      `0/${run}/artifacts`,
      `0/${run}/artifacts/`,
      `0/${'0'.repeat(32)}/artifacts/x`,
    ])
      expect([400, 404, 405], path).toContain((await server.ask('DELETE', `${root}/${path}`)).status)
    for (const path of ['', '.', '/', '0', '..', `0/${run}/artifacts/../..`])
      expect([400, 404], path).toContain((await server.ask('GET', root, { path })).status)
  })

  test('a folder of this machine cannot become the place of an experiment', async () => {
    for (const artifact_location of [
      '/etc',
      'file:///etc',
      'FILE:/etc',
      'relative',
      'C:\\x',
      's3://b/../c',
      's3://b/x?y=..%2f..',
      's3://b#f',
      'runs:/a',
    ])
      expect(
        (await call('experiments/create', { name: `at ${artifact_location}`, artifact_location })).status,
        artifact_location,
      ).toBe(400)
    expect((await call('experiments/create', { name: 'bucket', artifact_location: 's3://bucket/folder' })).status).toBe(200)
  })
})
