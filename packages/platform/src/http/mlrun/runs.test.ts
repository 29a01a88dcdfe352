import { expect, it } from 'vitest'
import { type Answer, openServer, type OpenServer } from '../testing/open-server.ts'

const uid = 'a'.repeat(32)
const at = '2026-03-01T10:00:00.123456+00:00'

const runOf = (fields: { name?: string; labels?: object; parameters?: object; results?: object; state?: string } = {}) => ({
  kind: 'run',
  metadata: { name: fields.name ?? 'train', uid, project: 'p1', iteration: 0, labels: fields.labels ?? { kind: 'local' } },
  spec: { function: 'p1/tr@abc', parameters: fields.parameters ?? { p1: 5, p2: 'a' }, future: { kept: true } },
  status: { state: fields.state ?? 'running', start_time: at, results: fields.results ?? {} },
})

const path = `/api/v1/projects/p1/runs/${uid}`

interface Found {
  data: Record<string, Record<string, unknown>>
  runs: { metadata: { name: string } }[]
  pagination: Record<string, string>
  metadata: { name: string }
}
const found = ({ text }: Answer): Found => JSON.parse(text) as Found

async function read(server: OpenServer, url = path): Promise<Record<string, Record<string, unknown>>> {
  return found(await server.ask('GET', url)).data
}

it('a run is stored with all that the client said, and is our run of that id', async () => {
  await using server = await openServer()
  expect(await server.ask('POST', `${path}?iter=0`, runOf())).toMatchObject({ status: 200, json: {} })
  const data = await read(server)
  expect(data['spec']).toMatchObject({ parameters: { p1: 5, p2: 'a' }, future: { kept: true }, function: 'p1/tr@abc' })
  expect(data['status']).toMatchObject({ state: 'running', start_time: at })
  const run = await server.tracking.runs.get(uid)
  expect(run).toMatchObject({ project: 'p1', name: 'train', experiment: 'tr', state: 'running', parameters: { p1: 5 } })
})

it('an update changes values by their dotted paths, and results become metrics', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf())
  const update = {
    'metadata.labels': { kind: 'local', owner: 'ada' },
    'spec.parameters': { p1: 6, p2: 'a' },
    'status.results': { accuracy: 0.5, note: 'good', odd: [1, 2] },
    'status.state': 'completed',
    'status.last_update': '2026-03-01 10:01:00',
    String: 1,
  }
  expect((await server.ask('PATCH', path, update)).status).toBe(200)
  const run = await server.tracking.runs.get(uid)
  expect(run).toMatchObject({
    state: 'completed',
    results: { accuracy: 0.5, note: 'good', odd: [1, 2] },
    labels: { kind: 'local', owner: 'ada' },
    parameters: { p1: 6 },
  })
  expect((await server.tracking.metrics.latest([uid])).get(uid)).toMatchObject([{ key: 'accuracy', value: 0.5, step: 0 }])
  expect((await read(server))['status']).toMatchObject({ results: { accuracy: 0.5, note: 'good' }, state: 'completed' })
})

it('what other clients change in the record is what this client reads', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf({ results: { loss: 1 } }))
  await server.tracking.reported.log(uid, {
    points: [{ key: 'loss', step: 7, timeMs: Date.parse(at), value: 0.25 }],
    labels: { team: 'a', kind: null },
    parameters: { p3: true },
  })
  await server.tracking.reported.setState(uid, { state: 'failed', reason: 'out of luck' })
  const data = await read(server)
  expect(data['metadata']).toMatchObject({ labels: { team: 'a' } })
  expect(data['metadata']!['labels']).not.toHaveProperty('kind')
  expect(data['spec']).toMatchObject({ parameters: { p1: 5, p3: true } })
  expect(data['status']).toMatchObject({ state: 'error', error: 'out of luck', results: { loss: 0.25 } })
})

it('numbers that are none go in and out as Python writes them', async () => {
  await using server = await openServer()
  const body = JSON.stringify(runOf({ results: { loss: 'here', text: 'NaN "Infinity"' } })).replace('"here"', 'NaN')
  expect((await server.ask('POST', path, body)).status).toBe(200)
  const { body: text } = await server.app.inject({ method: 'GET', url: path, headers: { host: 'localhost' } })
  expect(text).toContain('"loss":NaN')
  expect(text).toContain(String.raw`"text":"NaN \"Infinity\""`)
})

it('iterations are runs of their own below the run, and go with it', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf())
  for (const n of [2, 1]) await server.ask('POST', `${path}?iter=${n}`, runOf({ parameters: { p1: n }, state: 'completed' }))
  expect(await server.tracking.runs.children(uid)).toMatchObject([
    { iteration: 1, kind: 'iteration', parentId: uid, parameters: { p1: 1 } },
    { iteration: 2 },
  ])
  expect((await read(server, `${path}?iter=2`))['metadata']).toMatchObject({ uid, iteration: 2 })
  const list = async (query: object) => found(await server.ask('GET', '/api/v1/projects/p1/runs', query)).runs
  expect(await list({ iter: 'no' })).toHaveLength(1)
  expect(await list({ iter: 'yes' })).toHaveLength(3)
  expect(await list({ iter: 'yes', uid })).toHaveLength(3)
  await server.ask('PATCH', path, { 'status.state': 'completed' })
  expect((await server.ask('DELETE', path)).status).toBe(200)
  expect((await server.ask('GET', `${path}?iter=2`)).status).toBe(404)
  expect((await server.ask('DELETE', path)).status).toBe(200)
})

it('runs are found by name, labels, states and times, a page at a time', async () => {
  await using server = await openServer()
  for (const [number, name] of ['one', 'two', 'One-more'].entries()) {
    const run = runOf({ name, labels: { team: `t${number}`, kind: 'job' }, state: number === 1 ? 'error' : 'completed' })
    await server.ask('POST', `/api/v1/projects/p1/runs/${String(number).repeat(32)}`, run)
  }
  const names = async (query: string): Promise<string[]> =>
    found(await server.ask('GET', `/api/v1/projects/p1/runs?${query}`))
      .runs.map(({ metadata }) => metadata.name)
      .toSorted()
  expect(await names('name=one')).toEqual(['one'])
  expect(await names('name=~one')).toEqual(['One-more', 'one'])
  expect(await names('label=team%3Dt1')).toEqual(['two'])
  expect(await names('label=~eam&label=kind%3Djob')).toHaveLength(3)
  expect(await names('label=team%3D~T2')).toEqual(['One-more'])
  expect(await names('states=error')).toEqual(['two'])
  expect(await names('state=completed&sort=yes&name=')).toHaveLength(2)
  expect(await names('start_time_from=2026-03-01T09:00:00%2B00:00')).toHaveLength(3)
  expect(await names('start_time_to=2026-03-01')).toHaveLength(0)
  expect(await names('partition-by=project_and_name&rows-per-partition=1')).toHaveLength(3)
  expect((await server.ask('GET', '/api/v1/projects/*/runs')).json['runs']).toHaveLength(3)
  const first = await server.ask('GET', '/api/v1/projects/p1/runs?page-size=2')
  const { pagination } = found(first)
  expect(first.json['runs']).toHaveLength(2)
  const second = await server.ask('GET', `/api/v1/projects/p1/runs?page-token=${pagination['page-token']}`)
  expect(second.json['runs']).toHaveLength(1)
  expect(second.json['pagination']).toMatchObject({ 'page-token': null, page: 2 })
})

it.each([
  ['POST', path, '[]', 400],
  ['POST', path, '{', 400],
  ['POST', path, '{"status":{"state":"flying"}}', 400],
  ['POST', '/api/v1/projects/a%2Fb/runs/x', '{}', 400],
  ['POST', '/api/v1/projects/p1/runs/a%2Fb', '{}', 400],
  ['POST', `${path}?iter=-1`, '{}', 400],
  ['POST', `${path}?iter=x`, '{}', 400],
  ['PATCH', path, '{}', 404],
  ['PATCH', `${path}?iter=3`, '{}', 404],
  ['GET', path, undefined, 404],
  ['GET', `/api/v1/projects/p1/logs/${uid}`, undefined, 404],
  ['GET', '/api/v1/projects/p1/runs?states=flying', undefined, 400],
  ['GET', '/api/v1/projects/p1/runs?start_time_from=soon', undefined, 400],
  ['GET', '/api/v1/projects/p1/runs?page-token=zzz', undefined, 404],
  ['POST', `${path}/abort`, '{}', 404],
] as const)('%s %s with %s is answered with %i and a sentence', async (method, url, body, status) => {
  await using server = await openServer()
  const answer = await server.ask(method, url, body)
  expect(answer.status).toBe(status)
  expect(answer.json['detail']).toMatch(/\w+ .*\.$/)
})

it('output is appended or replaced, and read from an offset with the state of the run', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf())
  const logs = `/api/v1/projects/p1/logs/${uid}`
  await server.ask('POST', `${logs}?append=yes`, 'one\n')
  await server.ask('POST', `${logs}?append=yes`, 'two\n')
  expect(await server.ask('GET', `${logs}?offset=4&size=1000`)).toMatchObject({
    text: 'two\n',
    headers: { 'x-mlrun-run-state': 'running' },
  })
  await server.ask('POST', `${logs}?append=no`, 'three\n')
  expect((await server.ask('GET', `${logs}?offset=0&size=-1`)).text).toBe('three\n')
  expect((await server.ask('GET', `${logs}/size`)).json).toEqual({ size: 6 })
})

it('a run is aborted through a task that the client looks after', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf())
  const answer = await server.ask('POST', `${path}/abort`, { 'status.status_text': 'no more' })
  expect(answer.status).toBe(202)
  const { name } = found(answer).metadata
  await expect
    .poll(async () => (await server.ask('GET', `/api/v1/projects/p1/background-tasks/${name}`)).json['status'])
    .toMatchObject({ state: 'succeeded' })
  expect(await server.tracking.runs.get(uid)).toMatchObject({ state: 'aborted', stateReason: 'no more' })
  // The job says once more that it runs; that does not bring it back.
  await server.ask('PATCH', path, { 'status.state': 'running' })
  expect((await read(server))['status']).toMatchObject({ state: 'aborted' })
  expect((await server.ask('POST', `${path}/abort`, {})).status).toBe(409)
})

it('an abort without a reason says who is taken for its user, where the server knows', async () => {
  for (const [userName, reason] of [
    ['ada', 'aborted by ada'],
    [undefined, 'aborted by its user'],
  ] as const) {
    await using server = await openServer(userName === undefined ? {} : { userName })
    await server.ask('POST', path, runOf())
    await server.ask('POST', `${path}/abort`, {})
    await expect
      .poll(async () => await server.tracking.runs.get(uid), { timeout: 20_000 })
      .toMatchObject({ state: 'aborted', stateReason: reason })
  }
})

it('notifications that are set for a run wait for its end, and what they keep secret is shown to nobody', async () => {
  await using server = await openServer()
  await server.ask('POST', path, runOf())
  const notifications = [
    { kind: 'ipython', name: 'here', when: ['completed', 'error'], condition: '' },
    { kind: 'webhook', when: ['error'], params: { method: 'POST' }, secret_params: { url: 'https://example.com/hidden' } },
  ]
  expect((await server.ask('PUT', `${path}/notifications`, { notifications })).status).toBe(200)
  const { json } = await server.ask('GET', `/api/trainyard/v1/runs/${uid}/notifications`)
  expect(json).toMatchObject({
    notifications: [
      { kind: 'console', name: 'here', when: ['completed', 'failed'] },
      { kind: 'webhook', when: ['failed'], params: { method: 'POST' }, hasSecrets: true, status: 'pending' },
    ],
  })
  const shown = await read(server)
  expect(shown['spec']!['notifications']).toMatchObject([{ kind: 'ipython' }, { kind: 'webhook', secret_params: {} }])
  expect(JSON.stringify([json, shown])).not.toContain('hidden')
  expect((await server.ask('PUT', `${path}/notifications`, { notifications: [{ kind: 'pigeon' }] })).status).toBe(400)
})
