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
  model: { info: { experiment_id: string; source_run_id: string } }
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
