import type { NewRun } from '../../tracking/index.ts'
import { newRunId } from '@trainyard/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRunTokens } from '../run-tokens.ts'
import { type OpenServer, openServer } from '../testing/open-server.ts'

const tokens = createRunTokens('a secret')
let server: OpenServer
let run: string
let experiment: string

beforeAll(async () => {
  server = await openServer({ token: 'people', runTokens: tokens })
})
afterAll(() => server[Symbol.asyncDispose]())

/** A run as a supervisor of ours makes it. */
async function makeRun(fields: Partial<NewRun> = {}): Promise<string> {
  const id = newRunId(Date.now())
  await server.tracking.runs.create({
    id,
    name: 'train',
    project: 'default',
    experiment: 'train',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: 'here',
    outPath: server.folder,
    supervisor: { host: 'here', bootId: '', pid: 1, startTicks: 1, heartbeatAtMs: 1 },
    ...fields,
  })
  return id
}

beforeEach(async () => {
  run = await makeRun()
  experiment = (await server.tracking.experiments.ofRuns([run])).get(run)!.id
})

interface Told {
  experiment_id: string
  experiment: { experiment_id: string }
  run: { info: { run_id: string; run_name: string; experiment_id: string } }
  runs?: { info: { run_id: string } }[]
  model: { info: { model_id: string; experiment_id: string; source_run_id: string } }
}

async function ask(method: 'GET' | 'POST', path: string, given: object, as = run): Promise<Told> {
  const authorization = `Bearer ${tokens.tokenOf(as)}`
  const { status, json, text } = await server.ask(method, `/api/2.0/mlflow/${path}`, given, { authorization })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return json as unknown as Told
}

const anyName = (): string => `name ${newRunId(Date.now())}`

/** As `mlflow.set_experiment` does; the id its client goes on with. */
async function choose(name: string, as = run): Promise<string> {
  const found = await ask('GET', 'experiments/get-by-name', { experiment_name: name }, as).catch(() => undefined)
  if (found) return found.experiment.experiment_id
  const made = await ask('POST', 'experiments/create', { name }, as)
  return (await ask('GET', 'experiments/get', { experiment_id: made.experiment_id }, as)).experiment.experiment_id
}

async function idsIn(experimentId: string, as: string): Promise<string[]> {
  const { runs = [] } = await ask('POST', 'runs/search', { experiment_ids: [experimentId] }, as)
  return runs.map(({ info }) => info.run_id)
}

describe('the token of a run', () => {
  test('opens the server; one for another run, cut, or made with another secret does not', async () => {
    const get = (token: string) =>
      server.ask('GET', '/api/2.0/mlflow/runs/get', { run_id: run }, { authorization: `Bearer ${token}` })
    const token = tokens.tokenOf(run)
    expect((await get(token)).status).toBe(200)
    const wrong = [token.slice(0, -1), `${token}x`, token.replace(run, newRunId(1)), createRunTokens('other').tokenOf(run), '']
    for (const each of wrong) expect((await get(each)).status, each).toBe(401)
  })
})

describe('a client in a job', () => {
  test('moves its run into the experiment it chooses, new or there already, and finds it by that name', async () => {
    const there = await server.tracking.experiments.create({ project: 'default', name: anyName() })
    for (const name of [anyName(), there.name]) {
      const mine = await makeRun()
      const chosen = await choose(name, mine)
      expect((await ask('GET', 'runs/get', { run_id: mine }, mine)).run.info.experiment_id).toBe(chosen)
      expect((await server.tracking.runs.get(mine)).experiment).toBe(name)
      const byName = await ask('GET', 'experiments/get-by-name', { experiment_name: name }, mine)
      expect(await idsIn(byName.experiment.experiment_id, mine)).toEqual([mine])
      const nested = { experiment_id: chosen, tags: [{ key: 'mlflow.parentRunId', value: mine }] }
      expect((await ask('POST', 'runs/create', nested, mine)).run.info.experiment_id).toBe(chosen)
      // What the job was told at its start means where its run lies now.
      expect((await ask('POST', 'runs/create', { experiment_id: experiment }, mine)).run.info.experiment_id).toBe(chosen)
    }
  })

  test('stays in the experiment of the command, which then answers to the chosen name', async () => {
    const there = await server.tracking.experiments.create({ project: 'default', name: anyName() })
    for (const name of [anyName(), there.name]) {
      const mine = await makeRun({ task: { experiment: 'train' } })
      expect(await choose(name, mine)).toBe(experiment)
      expect((await ask('GET', 'runs/get', { run_id: mine }, mine)).run.info.experiment_id).toBe(experiment)
      const { experiment_id } = (await ask('GET', 'experiments/get-by-name', { experiment_name: name }, mine)).experiment
      expect(experiment_id).toBe(experiment)
      expect(await idsIn(experiment_id, mine)).toContain(mine)
      expect((await ask('POST', 'runs/create', { experiment_id: there.id }, mine)).run.info.experiment_id).toBe(experiment)
      expect((await server.tracking.runs.get(mine)).experiment).toBe('train')
    }
    expect((await ask('GET', 'experiments/get', { experiment_id: there.id })).experiment.experiment_id).toBe(there.id)
  })

  test('that reads the runs of an experiment, or looks at one later, does not choose it', async () => {
    const [baseline, later] = [anyName(), anyName()]
    for (const name of [baseline, later]) await server.tracking.experiments.create({ project: 'default', name })
    const { experiment_id } = (await ask('GET', 'experiments/get-by-name', { experiment_name: baseline })).experiment
    await ask('POST', 'runs/search', { experiment_ids: [experiment_id] })
    const name = anyName()
    await choose(name)
    await ask('GET', 'runs/get', { run_id: run })
    await ask('GET', 'experiments/get-by-name', { experiment_name: later })
    await ask('GET', 'runs/get', { run_id: run })
    expect((await server.tracking.runs.get(run)).experiment).toBe(name)
  })

  test('keeps the name that was given to its run, and takes a name where none was', async () => {
    const named = await makeRun({ task: { name: 'train' }, kind: 'sweep' })
    const iteration = await makeRun({ kind: 'iteration', parentId: named, iteration: 1 })
    const tags = [
      { key: 'mlflow.runName', value: 'rf-3' },
      { key: 'other', value: 'x' },
    ]
    for (const [id, name] of [
      [named, 'train'],
      [iteration, 'train'],
      [run, 'rf-3'],
    ] as const) {
      await ask('POST', 'runs/update', { run_id: id, status: 'RUNNING', run_name: 'rf-3' }, id)
      expect(await server.tracking.runs.get(id)).toMatchObject({
        name,
        labels: name === 'rf-3' ? {} : { 'mlflow.runName': 'rf-3' },
      })
      await ask('POST', 'runs/set-tag', { run_id: id, key: 'mlflow.runName', value: 'rf-4' }, id)
      await ask('POST', 'runs/log-batch', { run_id: id, tags }, id)
      const stored = await server.tracking.runs.get(id)
      expect([stored.name, stored.labels['other']]).toEqual([name, 'x'])
      expect((await ask('GET', 'runs/get', { run_id: id }, id)).run.info.run_name).toBe(name)
    }
  })

  test('makes children of its run, beside it, unless it says otherwise', async () => {
    const other = await server.tracking.experiments.create({ project: 'default', name: anyName() })
    const first = (await ask('POST', 'runs/create', { experiment_id: '0' })).run.info
    const second = (await ask('POST', 'runs/create', { experiment_id: other.id })).run.info
    const tags = [{ key: 'mlflow.parentRunId', value: first.run_id }]
    const third = (await ask('POST', 'runs/create', { tags })).run.info
    expect([first.experiment_id, second.experiment_id, third.experiment_id]).toEqual([experiment, other.id, experiment])
    const records = await server.tracking.runs.getMany([first.run_id, second.run_id, third.run_id])
    expect(records.map(({ parentId }) => parentId)).toEqual([run, run, first.run_id])
  })

  test('logs models as those of its run', async () => {
    const { model } = await ask('POST', 'logged-models', { experiment_id: '0', name: 'model' })
    expect(model.info).toMatchObject({ experiment_id: experiment, source_run_id: run })
  })

  test('in an iteration goes on with what the script chose when its sweep imported it; all of the sweep lies there', async () => {
    const sweep = await makeRun({ kind: 'sweep' })
    const name = anyName()
    const chosen = await choose(name, sweep)
    const first = await makeRun({ kind: 'iteration', parentId: sweep, iteration: 1 })
    expect((await ask('GET', 'runs/get', { run_id: first }, first)).run.info.experiment_id).toBe(chosen)
    const second = await makeRun({ kind: 'iteration', parentId: sweep, iteration: 2 })
    expect(await choose(anyName(), second)).toBe(chosen)
    expect((await ask('GET', 'runs/get', { run_id: second }, second)).run.info.experiment_id).toBe(chosen)
    const records = await server.tracking.runs.getMany([sweep, first, second])
    expect(records.map((record) => record.experiment)).toEqual([name, name, name])
  })

  test('leaves nothing open: what it began below its run ends with it, at any depth', async () => {
    const child = (await ask('POST', 'runs/create', {})).run.info.run_id
    const done = (await ask('POST', 'runs/create', {})).run.info.run_id
    await ask('POST', 'runs/update', { run_id: done, status: 'FINISHED', end_time: 5 })
    const grandchild = (await ask('POST', 'runs/create', { tags: [{ key: 'mlflow.parentRunId', value: done }] })).run.info.run_id
    await server.tracking.reported.endBelow(run, { state: 'aborted', reason: 'not finished', atMs: 7 })
    const records = await server.tracking.runs.getMany([child, done, grandchild])
    expect(records.map(({ state, endedAtMs }) => [state, endedAtMs])).toEqual([
      ['aborted', 7],
      ['completed', 5],
      ['aborted', 7],
    ])
    expect((await server.tracking.runs.history(child)).at(-1)).toEqual({ state: 'aborted', atMs: 7, reason: 'not finished' })
  })
})

describe("what a job's token opens", () => {
  const post = (path: string, given: object, as = run, version = '2.0') =>
    server.ask('POST', `/api/${version}/mlflow/${path}`, given, { authorization: `Bearer ${tokens.tokenOf(as)}` })
  const put = (path: string, as = run) =>
    server.ask('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, 'text', { authorization: `Bearer ${tokens.tokenOf(as)}` })

  test('is its own run and what is below it, at any depth; others are read, not written', async () => {
    const other = await makeRun()
    const child = (await ask('POST', 'runs/create', {})).run.info.run_id
    const tags = [{ key: 'mlflow.parentRunId', value: child }]
    const grandchild = (await ask('POST', 'runs/create', { tags })).run.info.run_id
    const writes = (run_id: string): [string, object][] => [
      ['runs/log-metric', { run_id, key: 'a', value: 1, timestamp: 1 }],
      ['runs/log-metric', { runId: run_id, key: 'a', value: 2, timestamp: 2 }],
      ['runs/log-parameter', { run_id, key: 'a', value: '1' }],
      ['runs/log-batch', { run_id, metrics: [{ key: 'b', value: 1, timestamp: 1 }] }],
      ['runs/set-tag', { run_id, key: 'a', value: '1' }],
      ['runs/delete-tag', { run_id, key: 'a' }],
      ['runs/log-inputs', { run_id, datasets: [] }],
      ['runs/update', { run_id, status: 'RUNNING' }],
    ]
    for (const id of [run, child, grandchild])
      for (const [path, body] of writes(id)) expect((await post(path, body)).status, `${path} ${id}`).toBe(200)
    for (const [path, body] of [...writes(other), ['runs/delete', { run_id: other }]] as [string, object][]) {
      const { status, json } = await post(path, body)
      expect([status, json['error_code']], path).toEqual([403, 'PERMISSION_DENIED'])
    }
    expect((await ask('GET', 'runs/get', { run_id: other })).run.info.run_id).toBe(other)
    expect((await server.tracking.runs.get(other)).labels).toEqual({})
    expect((await put(`0/${child}/artifacts/note.txt`)).status).toBe(200)
    expect((await put(`0/${other}/artifacts/note.txt`)).status).toBe(403)
    const parts = await post(`../mlflow-artifacts/mpu/create/0/${other}/artifacts`, { path: 'big', num_parts: 1 })
    expect(parts.status).toBe(403)
    // Nor can it put its runs below another one, or another one below its own.
    const below = [{ key: 'mlflow.parentRunId', value: other }]
    expect((await post('runs/create', { tags: below })).status).toBe(403)
    expect((await post('runs/set-tag', { run_id: child, ...below[0] })).status).toBe(403)
    expect((await post('runs/log-batch', { run_id: child, tags: below })).status).toBe(403)
  })

  test('is the registry, without taking anything away; and models of its own runs', async () => {
    const name = anyName()
    expect((await post('registered-models/create', { name })).status).toBe(200)
    expect((await post('model-versions/create', { name, source: `runs:/${run}/model`, run_id: run })).status).toBe(200)
    expect((await post('model-versions/transition-stage', { name, version: '1', stage: 'Staging' })).status).toBe(200)
    const remove = (path: string, given: object) =>
      server.ask('DELETE', `/api/2.0/mlflow/${path}`, given, { authorization: `Bearer ${tokens.tokenOf(run)}` })
    expect((await remove('registered-models/delete', { name })).status).toBe(403)
    expect((await remove('model-versions/delete', { name, version: '1' })).status).toBe(403)
    expect((await post('registered-models/rename', { name, new_name: anyName() })).status).toBe(403)
    const other = await makeRun()
    const { model_id: theirs } = (await ask('POST', 'logged-models', { experiment_id: '0' }, other)).model.info
    expect((await post(`logged-models/${theirs}/params`, { params: [{ key: 'a', value: 'b' }] })).status).toBe(403)
    expect((await put(`0/models/${theirs}/artifacts/MLmodel`)).status).toBe(403)
    for (const path of ['webhooks', 'experiments/delete', 'experiments/update'])
      expect((await post(path, { experiment_id: experiment })).status, path).toBe(403)
  })

  test('reads its own project only', async () => {
    const [far, name] = [await makeRun({ project: 'elsewhere' }), anyName()]
    const { id } = await server.tracking.experiments.create({ project: 'elsewhere', name })
    const get = (path: string, given: object) =>
      server.ask('GET', `/api/2.0/mlflow/${path}`, given, { authorization: `Bearer ${tokens.tokenOf(run)}` })
    expect((await get('runs/get', { run_id: far })).status).toBe(403)
    expect((await get('metrics/get-history', { run_id: far, metric_key: 'a' })).status).toBe(403)
    expect((await get('experiments/get', { experiment_id: id })).status).toBe(403)
    expect((await get('artifacts/list', { run_id: far })).status).toBe(403)
    expect((await post('runs/search', { experimentIds: [id] })).status).toBe(403)
    const asked = await server.ask(
      'GET',
      '/api/2.0/mlflow/experiments/get-by-name',
      { experiment_name: name },
      {
        authorization: `Bearer ${tokens.tokenOf(run)}`,
        'x-mlflow-workspace': 'elsewhere',
      },
    )
    expect(asked.status).toBe(404)
  })

  test("puts traces into the job's experiment, or one that its script has looked up", async () => {
    const [looked, foreign] = [anyName(), anyName()]
    const { id: lookedId } = await server.tracking.experiments.create({ project: 'default', name: looked })
    const { id: foreignId } = await server.tracking.experiments.create({ project: 'default', name: foreign })
    await ask('GET', 'runs/get', { run_id: run })
    await ask('GET', 'experiments/get-by-name', { experiment_name: looked })
    const tell = async (trace_id: string, experiment_id: string) => {
      const trace_location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } }
      const trace_info = { trace_id, trace_location, request_time: '2025-01-01T00:00:00Z', state: 'OK' }
      const { json, status, text } = await post('traces', { trace: { trace_info } }, run, '3.0')
      if (status !== 200) throw new Error(text)
      const told: { trace_info: { trace_location: typeof trace_location } } = json['trace']!
      return told.trace_info.trace_location.mlflow_experiment.experiment_id
    }
    const id = newRunId(Date.now())
    expect(await tell(`tr-${id}`, '0')).toBe(experiment)
    expect(await tell(`tr-${id}-b`, foreignId)).toBe(experiment)
    expect(await tell(`tr-${id}-c`, lookedId)).toBe(lookedId)
    const older = await post('traces', { experiment_id: '0', timestamp_ms: 5 })
    expect(older.json['trace_info']).toMatchObject({ experiment_id: experiment })
    const [traceId, spanId] = [newRunId(Date.now()), '00000000000000ab']
    const span = { traceId, spanId, name: 'n', startTimeUnixNano: '5', endTimeUnixNano: '9' }
    const sent = await server.ask(
      'POST',
      '/v1/traces',
      { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] },
      { authorization: `Bearer ${tokens.tokenOf(run)}`, 'x-mlflow-experiment-id': '0' },
    )
    expect(sent.status).toBe(200)
    const found = await server.ask('GET', `/api/3.0/mlflow/traces/tr-${traceId}`, {}, { authorization: 'Bearer people' })
    expect(found.json['trace']).toMatchObject({
      trace_info: { trace_location: { mlflow_experiment: { experiment_id: experiment } } },
    })
    // All of them are of the job's run, whose script has begun none itself.
    const ofRun = { locations: [experiment, lookedId].map((experiment_id) => ({ mlflow_experiment: { experiment_id } })) }
    const { json } = await post('traces/search', { ...ofRun, filter: `run_id = '${run}'` }, run, '3.0')
    expect(json['traces']).toHaveLength(5)
    // What others have traced stays theirs.
    const another = await makeRun({ experiment: foreign })
    const assessment = { assessment_name: 'a', source: { source_type: 'HUMAN', source_id: 'x' }, feedback: { value: true } }
    expect((await post(`traces/tr-${id}/assessments`, { assessment }, another, '3.0')).status).toBe(403)
    expect((await post(`traces/tr-${id}/assessments`, { assessment }, run, '3.0')).status).toBe(200)
  })
})
