import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'
import { shipperBetween } from '../testing/shipping.ts'

let here: OpenServer
let there: OpenServer
let folder: string
let run: string
const ada = { by: 'ada', via: 'test' }
const loggedModel = `m-${'a'.repeat(32)}`
beforeEach(async () => {
  here = await openServer()
  there = await openServer()
  folder = mkdtempSync(join(tmpdir(), 'trainyard-versions-'))
  run = await makeRun()
})
afterEach(async () => {
  await here[Symbol.asyncDispose]()
  await there[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** A run here with a file `net/weights`, an artifact `net`, and a logged model. */
async function makeRun(): Promise<string> {
  const id = newRunId(Date.now())
  const names = { name: 'train', project: 'vision', experiment: 'iris', kind: 'run', owner: 'ada', host: 'laptop' } as const
  const outPath = join(folder, id)
  mkdirSync(join(outPath, 'net'), { recursive: true })
  writeFileSync(join(outPath, 'net', 'weights'), 'weights')
  await here.tracking.runs.create({ ...names, id, state: 'running', outPath })
  const { id: experimentId } = (await here.tracking.experiments.ofRuns([id])).get(id)!
  const model = await here.tracking.loggedModels.create({ id: loggedModel, experimentId, name: 'net', sourceRunId: id })
  const place = await here.sources.places.ofModel({ ...model, project: 'vision' })
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'MLmodel'), 'flavours')
  await here.tracking.loggedModels.setStatus(loggedModel, 'ready')
  return id
}

const artifact = async (): Promise<string> => {
  const target = join(folder, run, 'net')
  const named = { runId: run, project: 'vision', key: 'net', kind: 'model', iteration: 0 } as const
  return (await here.tracking.artifacts.add({ ...named, target, createdAtMs: Date.now() })).id
}

const ship = async (): Promise<void> => {
  const state = (await here.tracking.runs.get(run)).state
  if (state === 'running') await here.tracking.runs.transition(run, { to: 'completed' })
  expect(await shipperBetween(here, there, folder).finish(run, { patienceMs: 0 })).toBe('arrived')
  expect((await here.tracking.runs.get(run)).problems).toEqual([])
}

const versionsThere = async () =>
  (await there.registry.versions.search({ project: 'vision', sort: [{ field: 'version', direction: 'ascending' }] })).versions

test('a version that a run has made becomes the next one of that name, once, with its run and its files', async () => {
  const net = { project: 'vision', name: 'net' }
  await there.registry.versions.create({ ...net, source: 's3://theirs/net', aliases: ['champion'] }, ada, { makeModel: true })
  await there.registry.models.describe(net, 'theirs', ada)
  const artifactId = await artifact()
  const target = join(folder, run, 'net')
  await here.registry.models.create({ ...net, description: 'ours' }, ada)
  const given = { ...net, source: `runs:/${run}/net`, location: target, runId: run, artifactId, tags: { a: 'b' } }
  await here.registry.versions.create({ ...given, aliases: ['champion', 'newest'], description: 'first' }, ada)
  await here.registry.versions.create({ ...net, source: target, runId: run, stage: 'Staging' }, ada)
  // Whatever was registered without the run stays here.
  await here.registry.versions.create({ ...net, source: 's3://ours/other' }, ada)
  for (let again = 0; again < 2; again++) {
    await ship()
    const versions = await versionsThere()
    expect(versions.map(({ version, runId }) => [version, runId])).toEqual([
      [1, null],
      [2, run],
      [3, run],
    ])
    const [theirs, first, second] = versions
    expect(theirs).toMatchObject({ aliases: ['champion'], source: 's3://theirs/net' })
    expect(first).toMatchObject({ aliases: ['newest'], source: `runs:/${run}/net`, tags: { a: 'b' }, description: 'first' })
    expect(first).toMatchObject({ createdBy: 'ada', artifactId })
    expect(second).toMatchObject({ stage: 'Staging', source: second!.location })
    for (const { location } of [first!, second!]) {
      expect(location).toContain(there.folder)
      expect(readFileSync(join(location, 'weights'), 'utf8')).toBe('weights')
    }
  }
  expect((await there.registry.models.get(net)).description).toBe('theirs')
  const [made] = await there.registry.history.of(net, { version: 2 })
  expect(made).toMatchObject({ by: 'ada', reason: 'Registered on laptop and sent from there.' })
})

test('a version of a logged model finds its files, and the model knows its number there', async () => {
  await there.registry.versions.create({ project: 'vision', name: 'net', source: 's3://x' }, ada, { makeModel: true })
  const source = `models:/${loggedModel}`
  const asked = { name: 'net', source, run_id: run, model_id: loggedModel }
  await here.ask('POST', '/api/2.0/mlflow/registered-models/create', { name: 'net' }, { 'x-mlflow-workspace': 'vision' })
  const made = await here.ask('POST', '/api/2.0/mlflow/model-versions/create', asked, { 'x-mlflow-workspace': 'vision' })
  expect(made.status).toBe(200)
  await ship()
  const [, version] = await versionsThere()
  expect(version).toMatchObject({ version: 2, source, loggedModelId: loggedModel, runId: run })
  expect(readFileSync(join(version!.location, 'MLmodel'), 'utf8')).toBe('flavours')
  const { tags } = (await there.tracking.loggedModels.find(loggedModel))!
  expect(JSON.parse(tags['mlflow.modelVersions']!)).toEqual([{ name: 'net', version: '2' }])
})

test('a file of a model that has changed without growing is sent again, and one that has not is left alone', async () => {
  const { id: experimentId } = (await here.tracking.experiments.ofRuns([run])).get(run)!
  const model = { id: loggedModel, project: 'vision', experimentId }
  const place = await here.sources.places.ofModel(model)
  writeFileSync(join(place, 'same'), 'same')
  await ship()
  const arrived = await there.sources.places.ofModel({ ...model, experimentId: '0' })
  expect(readFileSync(join(arrived, 'MLmodel'), 'utf8')).toBe('flavours')
  const { mtimeMs } = statSync(join(arrived, 'same'))
  writeFileSync(join(place, 'MLmodel'), 'FLAVOURS')
  await ship()
  expect(readFileSync(join(arrived, 'MLmodel'), 'utf8')).toBe('FLAVOURS')
  expect(statSync(join(arrived, 'same')).mtimeMs).toBe(mtimeMs)
})

test('a version that was deleted there does not come back', async () => {
  const net = { project: 'vision', name: 'net' }
  await here.registry.versions.create({ ...net, source: `runs:/${run}/net`, runId: run }, ada, { makeModel: true })
  await ship()
  await there.registry.versions.delete({ ...net, version: 1 }, ada)
  await ship()
  expect(await versionsThere()).toEqual([])
})

test('a path that leads out of the folder of the run, or a name that is none, is refused, and nothing is made', async () => {
  await ship()
  const send = (changed: object) =>
    there.ask('PUT', `/api/trainyard/v1/runs/${run}/model-versions`, sentVersion({ loggedModelId: null, ...changed }))
  for (const changed of [{ path: '../x' }, { path: '/etc/passwd' }, { name: 'a\0b' }, { aliases: ['latest'] }, { version: 0 }])
    expect([changed, (await send(changed)).status]).toEqual([changed, 400])
  expect(await versionsThere()).toEqual([])
  expect((await send({})).status).toBe(200)
  // What lies on the other machine is no place of this one.
  expect((await versionsThere())[0]).toMatchObject({ location: 'remote://laptop/etc', source: 'remote://laptop/etc' })
})

test('of versions of a logged model that come at once, the model knows each', async () => {
  await ship()
  const send = (name: string) => there.ask('PUT', `/api/trainyard/v1/runs/${run}/model-versions`, sentVersion({ name }))
  const names = Array.from({ length: 8 }, (_, at) => `net-${at}`)
  const answers = await Promise.all(names.map(send))
  expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200))
  const { tags } = (await there.tracking.loggedModels.find(loggedModel))!
  const noted = JSON.parse(tags['mlflow.modelVersions']!) as { name: string }[]
  expect(noted.map(({ name }) => name).toSorted()).toEqual(names)
})

test('a version of another project than that of its run is refused, and no project is made', async () => {
  await ship()
  for (const project of ['../x', 'another'])
    expect(
      await there.ask('PUT', `/api/trainyard/v1/runs/${run}/model-versions`, sentVersion({ project, loggedModelId: null })),
    ).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining("is of project 'vision'") } } })
  expect((await there.tracking.projects.list()).map(({ name }) => name)).not.toContain('another')
})

/** What is sent of a version of the logged model. */
const sentVersion = (changed: object) => ({
  project: 'vision',
  name: 'net',
  version: 1,
  source: 'x',
  location: '/etc',
  path: null,
  runLink: null,
  artifactId: null,
  loggedModelId: loggedModel,
  description: null,
  stage: 'None',
  status: 'ready',
  statusMessage: null,
  tags: {},
  aliases: [],
  createdBy: 'ada',
  model: { description: null, tags: {} },
  ...changed,
})
