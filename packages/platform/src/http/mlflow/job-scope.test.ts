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
  run: { info: { run_id: string; experiment_id: string } }
  model: { info: { experiment_id: string; source_run_id: string } }
}

async function ask(method: 'GET' | 'POST', path: string, given: object, as = run): Promise<Told> {
  const authorization = `Bearer ${tokens.tokenOf(as)}`
  const { status, json, text } = await server.ask(method, `/api/2.0/mlflow/${path}`, given, { authorization })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return json as unknown as Told
}

const anyName = (): string => `name ${newRunId(Date.now())}`

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
  test('does not move its run by naming a new experiment, and finds it again by that name', async () => {
    const name = anyName()
    await expect(ask('GET', 'experiments/get-by-name', { experiment_name: name })).rejects.toThrow('404')
    expect((await ask('POST', 'experiments/create', { name })).experiment_id).toBe(experiment)
    const found = await ask('GET', 'experiments/get-by-name', { experiment_name: name })
    expect(found.experiment.experiment_id).toBe(experiment)
    expect((await ask('GET', 'runs/get', { run_id: run })).run.info.experiment_id).toBe(experiment)
    expect(await server.tracking.experiments.findByName('default', name)).toBeUndefined()
    expect((await server.tracking.runs.get(run)).experiment).toBe('train')
  })

  test('may go on with its run after it has chosen an experiment that exists; the record stays where it is', async () => {
    const other = await server.tracking.experiments.create({ project: 'default', name: anyName() })
    await ask('GET', 'experiments/get-by-name', { experiment_name: other.name })
    expect((await ask('GET', 'runs/get', { run_id: run })).run.info.experiment_id).toBe(other.id)
    expect((await server.tracking.runs.get(run)).experiment).toBe('train')
    const asPerson = await server.ask('GET', '/api/2.0/mlflow/runs/get', { run_id: run }, { authorization: 'Bearer people' })
    expect((asPerson.json as unknown as Told).run.info.experiment_id).toBe(experiment)
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

  test('in an iteration goes on with what the script chose when its sweep imported it', async () => {
    const name = anyName()
    await ask('POST', 'experiments/create', { name })
    const iteration = await makeRun({ kind: 'iteration', parentId: run, iteration: 1 })
    const found = await ask('GET', 'experiments/get-by-name', { experiment_name: name }, iteration)
    expect(found.experiment.experiment_id).toBe(experiment)
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
