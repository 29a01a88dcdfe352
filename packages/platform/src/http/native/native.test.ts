import { newRunId } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer, reportRun } from '../testing/open-server.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
let id: string
beforeAll(async () => {
  server = await openServer()
  id = await reportRun(server.tracking)
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, query?: object) => server.ask('GET', `${root}${path}`, query)
const post = (path: string, body: object | string, headers?: Record<string, string>) =>
  server.ask('POST', `${root}${path}`, body, headers)

describe('runs', () => {
  test('what is logged is read back, NaN and infinities included', async () => {
    const points = ['NaN', 'Infinity', 0.5].map((value, step) => ({ key: 'a/b', step, timeMs: step, value }))
    for (let round = 0; round < 2; round++) {
      const logged = await post(`/runs/${id}/log`, { points, parameters: { eta: 0.1 }, labels: { team: 'red' } })
      expect([logged.status, logged.text]).toEqual([200, '{}'])
    }
    expect((await get(`/runs/${id}/points`, { key: 'a/b' })).json).toEqual({
      points: points.map(({ step, timeMs, value }) => ({ step, timeMs, value })),
    })
    expect((await get('/runs', { filter: 'params.eta = 0.1 and labels.team = red', limit: 1 })).json).toMatchObject({
      runs: [{ id, results: { 'a/b': 0.5 } }],
      next: null,
    })
    expect((await get('/runs/count', { filter: 'params.eta = 0.1' })).json).toEqual({ count: 1 })
    expect((await get('/runs/resolve', { text: id.slice(0, 20) })).json).toMatchObject({ id })
  })

  test('an iteration by its id comes with the code of its sweep and who keeps it, and is compared with it', async () => {
    const common = { project: 'p', experiment: 'e', state: 'completed', owner: 'ada', host: '', outPath: '/out' } as const
    const [sweep, iteration, plain] = [newRunId(1), newRunId(2), newRunId(3)]
    const code = { file: '/a.py', commandLine: ['a.py'], workingDirectory: '/' }
    const { runs } = server.tracking
    await runs.create({ ...common, id: sweep, name: 'tune', kind: 'sweep', code })
    await runs.create({ ...common, id: iteration, name: 'tune', kind: 'iteration', parentId: sweep, iteration: 1 })
    await runs.create({ ...common, id: plain, name: 'plain', kind: 'run', code })
    const shared = { run: { id: sweep, name: 'tune' }, code, environment: null }
    expect((await get(`/runs/${iteration}`)).json).toMatchObject({ code: null, shared })
    expect((await get(`/runs/${plain}`)).json).toMatchObject({ code, shared: null })
    expect((await post('/runs/compare', { runs: [iteration, plain] })).json).toMatchObject({
      code: [{ key: 'file', values: ['/a.py', '/a.py'], differs: false }],
    })
  })

  test('are renamed, noted, labelled, trashed, restored, compared and aborted, many at once', async () => {
    const [left, right] = [await reportRun(server.tracking), await reportRun(server.tracking)]
    const patched = await server.ask('PATCH', `${root}/runs/${left}`, { name: 'best', note: '*good*' })
    expect(patched.json).toMatchObject({ name: 'best', labels: { 'mlflow.note.content': '*good*' } })
    expect((await post('/runs/label', { runs: [left, right], labels: { group: 'x' } })).json).toEqual({ runs: [left, right] })
    await post(`/runs/${left}/log`, { parameters: { depth: 1 } })
    await post(`/runs/${right}/log`, { parameters: { depth: 2 } })
    expect((await post('/runs/compare', { runs: [left, right] })).json).toMatchObject({
      parameters: [{ key: 'depth', values: [1, 2], differs: true }],
    })
    expect((await post('/runs/abort', { runs: [left, right], reason: 'enough' })).json).toMatchObject({
      runs: [{ state: 'aborted' }, { state: 'aborted' }],
    })
    expect((await post('/runs/abort', { runs: [left] })).status).toBe(409)
    expect((await post('/runs/trash', { filter: 'labels.group = x' })).json).toMatchObject({ runs: { length: 2 } })
    expect((await get('/runs', { filter: 'labels.group = x' })).json).toMatchObject({ runs: [] })
    expect((await post('/runs/restore', { runs: [left] })).json).toEqual({ runs: [left] })
    const dry = await post('/trash/empty', { runs: [right], dryRun: true })
    expect(dry.json).toMatchObject({ runs: [right], kept: [] })
    expect((await post('/trash/empty', { runs: [left] })).status).toBe(409)
    expect((await get('/lineage', { dataset: 'a', digest: 'b' })).status).toBe(404)
    const foreign = await post('/trash/empty', { runs: [right], project: 'other' })
    expect([foreign.status, (await get(`/runs/${right}`)).status]).toEqual([400, 200])
    expect((await post('/trash/empty', { runs: [right] })).json).toMatchObject({ runs: [right] })
    expect((await get(`/runs/${right}`)).status).toBe(404)
  })

  test('times and steps that cannot be stored are refused by the name of the field, and nothing is lost to later reads', async () => {
    const run = await reportRun(server.tracking)
    for (const timeMs of [1e20, -1e308, 2 ** 53, 8.65e15]) {
      const logged = await post(`/runs/${run}/log`, { points: [{ key: 'm', step: 0, timeMs, value: 1 }] })
      expect([logged.status, logged.text]).toEqual([400, expect.stringContaining('points.0.timeMs')])
    }
    expect((await post(`/runs/${run}/log`, { points: [{ key: 'm', step: 1e20, timeMs: 0, value: 1 }] })).status).toBe(400)
    const patched = await server.ask('PATCH', `${root}/runs/${run}`, { endedAtMs: 2 ** 53 })
    expect([patched.status, patched.text]).toEqual([400, expect.stringContaining('endedAtMs')])
    expect((await get(`/runs/${run}`)).status).toBe(200)
    expect((await get('/runs')).status).toBe(200)
  })

  test('travel as one file to another server', async () => {
    await using other = await openServer()
    const run = await reportRun(server.tracking)
    await post(`/runs/${run}/log`, { points: [{ key: 'm', step: 1, timeMs: 1, value: 2 }] })
    await server.tracking.reported.setState(run, { state: 'completed' })
    const file = await server.app.inject({
      method: 'POST',
      url: `${root}/runs/export`,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify({ runs: [run] }),
    })
    expect(file.statusCode).toBe(200)
    const take = (payload: Buffer) =>
      other.app.inject({
        method: 'POST',
        url: `${root}/runs/import`,
        headers: { host: 'localhost', 'content-type': 'application/octet-stream' },
        payload,
      })
    expect((await take(file.rawPayload.subarray(0, -20))).statusCode).toBe(400)
    expect((await take(file.rawPayload)).json()).toEqual({ imported: [run], skipped: [] })
    expect((await take(file.rawPayload)).json()).toEqual({ imported: [], skipped: [run] })
    expect((await post('/runs/export', { runs: [id] })).status).toBe(409)
  })

  test('what does not fit is refused with the field’s name', async () => {
    for (const [method, path, given, words] of [
      ['GET', '/runs', { limit: 0 }, 'limit'],
      ['GET', '/runs', { limit: 1001 }, 'limit'],
      ['GET', '/runs', { limits: 5 }, 'The query'],
      ['GET', '/runs', { filter: 'metrics.' }, ''],
      ['GET', '/runs', { filter: 'a = 1 and '.repeat(20_000) }, ''],
      ['GET', '/runs', { cursor: 'x' }, 'cursor'],
      ['GET', '/artifacts', { cursor: 'x' }, 'cursor'],
      ['GET', '/changes', { after: 'x' }, 'event'],
      ['POST', `/runs/${id}/log`, { points: [{ key: 'a', step: 1.5, timeMs: 1, value: 1 }] }, 'points.0.step'],
      ['POST', `/runs/${id}/log`, '{', 'JSON'],
      ['POST', `/runs/${id}/log`, '['.repeat(100_000), 'deep'],
      ['POST', `/runs/${id}/log`, `{"parameters":{"a":${'['.repeat(65)}${']'.repeat(65)}}}`, 'deep'],
      ['POST', '/runs/label', { labels: {} }, 'runs'],
      ['POST', '/runs/label', { runs: [id], filter: 'a = 1', labels: {} }, 'one of the two'],
      ['PATCH', `/runs/${id}`, { state: 'sleeping' }, 'state'],
      ['POST', '/points', { runs: Array(1000).fill(id), keys: Array(100).fill('a') }, 'ask for fewer'],
    ] as const) {
      const answer = await server.ask(method, `${root}${path}`, given)
      expect([answer.status, answer.text], `${path} ${JSON.stringify(given).slice(0, 60)}`).toEqual([
        400,
        expect.stringContaining(words),
      ])
    }
    expect((await get(`/runs/${'0'.repeat(32)}`)).status).toBe(404)
    const deep = { parameters: { a: JSON.parse(`${'['.repeat(60)}${']'.repeat(60)}`) as object } }
    expect((await post(`/runs/${id}/log`, deep)).status).toBe(200)
  })

  test('a batch with one wrong part leaves nothing', async () => {
    const run = await reportRun(server.tracking)
    await post(`/runs/${run}/log`, { parameters: { a: 1 } })
    const refused = await post(`/runs/${run}/log`, {
      points: [{ key: 'm', step: 1, timeMs: 1, value: 1 }],
      labels: { b: 'x' },
      parameters: { a: 2 },
    })
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining("'a'")])
    expect((await get(`/runs/${run}`)).json).toMatchObject({ labels: {}, results: {}, parameters: { a: 1 } })
  })
})

describe('points and output', () => {
  test('are followed in the order they arrived, whatever their steps, and an answer waits for news', async () => {
    const run = await reportRun(server.tracking)
    const log = (steps: number[]) =>
      post(`/runs/${run}/log`, { points: steps.map((step) => ({ key: 'm', step, timeMs: step, value: step })) })
    await log(Array.from({ length: 700 }, (_, step) => step))
    await log([-5, 900])
    const follow = async (body: object) => (await post(`/runs/${run}/points/follow`, body)).json as unknown as Followed
    const first = await follow({ limit: 400 })
    expect(first.points.map(({ step }) => step)).toEqual(Array.from({ length: 400 }, (_, step) => step))
    const second = await follow({ seen: first.seen })
    expect(second.points.map(({ step }) => step).slice(-3)).toEqual([699, -5, 900])
    expect(second).toMatchObject({ seen: { m: 702 }, ended: false })
    const waiting = follow({ seen: second.seen, waitMs: 30_000 })
    await log([901])
    expect((await waiting).points).toEqual([{ key: 'm', step: 901, timeMs: 901, value: 901 }])
    await server.tracking.reported.setState(run, { state: 'completed' })
    expect(await follow({ seen: { m: 703 }, waitMs: 30_000 })).toEqual({ points: [], seen: { m: 703 }, ended: true })
  })

  test('many metrics of many runs come in one answer', async () => {
    const runs = [await reportRun(server.tracking), await reportRun(server.tracking)]
    for (const run of runs) await post(`/runs/${run}/log`, { points: [{ key: 'm', step: 1, timeMs: 1, value: 'NaN' }] })
    expect((await post('/points', { runs, keys: ['m', 'none'] })).json).toEqual({
      series: runs.map((run) => ({ run, key: 'm', points: [{ step: 1, timeMs: 1, value: 'NaN' }] })),
    })
    expect((await post('/points/columns', { runs, keys: ['m', 'none'] })).json).toEqual({
      series: runs.map((run) => ({ run, key: 'm', steps: [1], timesMs: [1], values: ['NaN'] })),
    })
  })

  test('output comes in whole characters, or as any range of bytes', async () => {
    const run = await reportRun(server.tracking)
    await server.tracking.logs.append(run, [{ offset: 0, timeMs: 1, bytes: Buffer.from('añb') }])
    expect((await get(`/runs/${run}/output`, { limitBytes: 2 })).json).toMatchObject({ text: 'a', next: 1, sizeBytes: 4 })
    expect((await get(`/runs/${run}/output`, { offset: 1 })).json).toMatchObject({ text: 'ñb', next: 4, sizeBytes: 4 })
    const ranges = [
      ['bytes=1-2', 206, 'ñ', 'bytes 1-2/4'],
      ['bytes=-1', 206, 'b', 'bytes 3-3/4'],
      ['bytes=9-', 416, '', 'bytes */4'],
      ['bytes=2-1', 200, 'añb', undefined],
      ['lines=1-2', 200, 'añb', undefined],
    ] as const
    for (const [range, status, text, contentRange] of ranges) {
      const answer = await server.ask('GET', `${root}/runs/${run}/output/bytes`, undefined, { range })
      expect([answer.status, answer.text, answer.headers['content-range']], range).toEqual([status, text, contentRange])
    }
  })
})

interface Followed {
  points: { step: number }[]
  seen: Record<string, number>
  ended: boolean
}

describe('repeats with an Idempotency-Key', () => {
  test('get the same answer and change nothing; another request with the key is refused', async () => {
    const key = { 'idempotency-key': newRunId(1) }
    const body = { project: 'default', name: `made-${key['idempotency-key']}` }
    const first = await post('/experiments', body, key)
    expect(first.status).toBe(200)
    const again = await post('/experiments', body, key)
    expect([again.status, again.text]).toEqual([200, first.text])
    expect((await post('/experiments', body)).status).toBe(409)
    expect((await post('/experiments', { ...body, name: 'other' }, key)).status).toBe(409)
    expect((await post('/projects', { name: 'other' }, key)).status).toBe(409)
    expect((await post('/experiments', body, { 'idempotency-key': 'with space' })).status).toBe(400)
  })

  test('a refused request leaves its key free', async () => {
    const key = { 'idempotency-key': newRunId(2) }
    const name = `late-${key['idempotency-key']}`
    expect((await post('/experiments', { project: '', name }, key)).status).toBe(400)
    expect((await post('/experiments', { project: 'p', name }, key)).status).toBe(200)
  })

  test('of two at once one is carried out', async () => {
    const key = { 'idempotency-key': newRunId(3) }
    const name = `both-${key['idempotency-key']}`
    const answers = await Promise.all([1, 2, 3].map(() => post('/experiments', { project: 'p', name }, key)))
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
  })
})

describe('projects, experiments and the registry', () => {
  test('experiments are made, renamed, tagged, trashed and restored', async () => {
    const { json } = await post('/experiments', { project: 'vision', name: 'first', tags: { a: 'b' } })
    const experiment = String(json['id'])
    const changed = await server.ask('PATCH', `${root}/experiments/${experiment}`, { name: 'second', tags: { a: null, c: 'd' } })
    expect(changed.json).toMatchObject({ name: 'second', tags: { c: 'd' } })
    for (let round = 0; round < 2; round++)
      expect((await post(`/experiments/${experiment}/trash`, {})).json).toMatchObject({
        trashedAtMs: expect.any(Number) as number,
      })
    expect((await get('/experiments', { project: 'vision' })).json).toEqual({ experiments: [], next: null })
    expect((await post(`/experiments/${experiment}/restore`, {})).json).toMatchObject({ trashedAtMs: null })
    expect((await get('/experiments', { project: 'vision', name: 'SEC%' })).json).toMatchObject({ experiments: { length: 1 } })
    expect((await get('/experiments/999999')).status).toBe(404)
  })

  test('a version is registered, promoted, found by alias and stage, compared, and its history tells who and why', async () => {
    const models = '/models/iris%2Fclassifier'
    const make = (accuracy: string) =>
      post(`${models}/versions`, { source: `s3://bucket/${accuracy}`, tags: { accuracy }, reason: 'nightly' })
    expect((await make('0.9')).json).toMatchObject({ name: 'iris/classifier', version: 1, stage: 'None' })
    expect((await make('0.95')).json).toMatchObject({ version: 2 })
    for (const version of [1, 2])
      expect((await post(`${models}/versions/${version}/stage`, { stage: 'production' })).json).toMatchObject({
        stage: 'Production',
      })
    expect((await get(`${models}/versions/1`)).json).toMatchObject({ stage: 'Archived' })
    await server.ask('PUT', `${root}${models}/aliases/champion`, { version: 2 })
    for (const text of ['iris/classifier@champion', 'iris/classifier/Production', 'iris/classifier/latest', 'iris/classifier/2'])
      expect((await get('/model-versions/resolve', { text })).json, text).toMatchObject({ version: 2 })
    expect((await post(`${models}/compare`, { versions: [1, 2] })).json).toMatchObject({
      sections: { tags: [{ key: 'accuracy', values: ['0.9', '0.95'], differs: true }] },
    })
    expect((await get(`${models}/history`)).text).toContain('nightly')
    expect((await get(`${models}/at`, { timeMs: 1 })).status).toBe(404)
    expect((await get(`${models}/versions/0`)).status).toBe(400)
    expect((await post(`${models}/versions`, { source: '/etc/passwd' })).status).toBe(400)
    expect((await post(`${models}/versions`, {})).status).toBe(400)
    expect((await get('/models', { name: 'IRIS%', tag: 'x' })).json).toMatchObject({ models: [] })
  })

  test('figures say how much there is', async () => {
    expect((await get('/figures', { check: true })).json).toMatchObject({
      databaseProblems: [],
      runs: { completed: expect.any(Number) as number },
    })
  })
})
