import { createDefinitions } from '../../definitions/index.ts'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import * as fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { type Database, openDatabase } from '../../database/index.ts'
import { createTestPlace, type TestPlace } from '../../database/testing/test-place.ts'
import { openDataDirectory } from '../../base/data-directory.ts'
import { createPlaces } from '../../objects/index.ts'
import { createRegistry, type Registry } from '../../registry/index.ts'
import { createNotifications } from '../../notifications/index.ts'
import { createProjectSecrets } from '../../secrets/index.ts'
import { createEvaluation } from '../../evaluation/index.ts'
import { createTraces } from '../../traces/index.ts'
import { createWebhooks } from '../../webhooks/index.ts'
import { createTracking, type Tracking } from '../../tracking/index.ts'
import { openServer, reportRun } from '../testing/open-server.ts'
import { createServer } from '../server.ts'

let folder: string
let place: TestPlace
let database: Database
let app: FastifyInstance
let registry: Registry
let tracking: Tracking
let names = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-http-'))
  place = await createTestPlace()
  database = await openDatabase(place.place)
  tracking = createTracking(database)
  registry = createRegistry(database)
  const objects = { workingDirectory: folder, environment: {}, resolveStoreUrl: (url: string) => Promise.resolve(url) }
  const directory = openDataDirectory({ path: folder, chosenBy: 'flag' })
  app = await createServer({
    tracking,
    registry,
    traces: createTraces(database),
    evaluation: createEvaluation(database),
    webhooks: createWebhooks(database, {
      secrets: createSecretBox(join(folder, 'secret.key')),
      allowPrivate: true,
      clock: systemClock,
    }),
    notifications: createNotifications(database, { box: createSecretBox(join(folder, 'secret.key')) }),
    definitions: createDefinitions(database),
    projectSecrets: createProjectSecrets(database, { box: createSecretBox(join(folder, 'secret.key')), clock: systemClock }),
    clock: systemClock,
    objects,
    holdings: { directory, database, tracking, objectContext: objects, places: createPlaces(objects) },
    artifactFolder: join(folder, 'artifacts'),
    guard: { loopback: true, hosts: [], token: undefined },
  })
})
afterAll(async () => {
  await app.close()
  await database.close()
  await place.remove()
  rmSync(folder, { recursive: true })
})

interface Answer {
  registered_model?: object
  model_version?: object
  model_versions?: { version: string }[]
  artifact_uri?: string
  model?: { info: { model_id: string; artifact_uri: string; tags: object[] } }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

async function ask(method: Method, path: string, given: object | string = {}, headers: Record<string, string> = {}) {
  const query = method === 'GET' && typeof given === 'object' ? `?${new URLSearchParams(Object.entries(given)).toString()}` : ''
  const answer = await app.inject({
    method,
    url: `/api/2.0/mlflow/${path}${query}`,
    headers: { host: 'localhost', ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(method === 'GET' ? {} : { payload: typeof given === 'string' ? given : JSON.stringify(given) }),
  })
  return { status: answer.statusCode, body: answer.json<Answer>() }
}

const newModel = async (versions = 0): Promise<string> => {
  const name = `model-${++names}`
  await ask('POST', 'registered-models/create', { name })
  for (let version = 1; version <= versions; version++) await ask('POST', 'model-versions/create', { name, source: 's3://b/x' })
  return name
}

async function newRun(): Promise<{ id: string; outPath: string }> {
  const id = newRunId(systemClock.nowMs())
  const outPath = join(folder, 'artifacts', 'default', id)
  mkdirSync(join(outPath, 'my model'), { recursive: true })
  writeFileSync(join(outPath, 'my model', 'weights'), 'bytes')
  await tracking.runs.create({
    id,
    name: 'train',
    project: 'default',
    experiment: 'iris',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: 'lab',
    outPath,
  })
  return { id, outPath }
}

describe('messages', () => {
  test('empty lists are left out, numbers of versions are texts, what is not known is absent', async () => {
    const name = await newModel(1)
    const { body } = await ask('GET', 'registered-models/get', { name })
    expect(body.registered_model).toEqual({
      name,
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: expect.any(Number),
      latest_versions: [
        {
          name,
          version: '1',
          creation_timestamp: expect.any(Number),
          last_updated_timestamp: expect.any(Number),
          current_stage: 'None',
          source: 's3://b/x',
          run_id: '',
          run_link: '',
          status: 'READY',
        },
      ],
    })
    expect((await ask('GET', 'model-versions/search', { filter: `name = 'nobody'` })).body).toEqual({})
  })

  test('an absent description clears it; a missing tag may be deleted; names may be spelled in camel case', async () => {
    const name = await newModel(1)
    await ask('PATCH', 'registered-models/update', { name, description: 'text' })
    expect((await ask('PATCH', 'registered-models/update', { name })).body.registered_model).not.toHaveProperty('description')
    await ask('PATCH', 'model-versions/update', { name, version: 1, description: 'text' })
    expect((await ask('PATCH', 'model-versions/update', { name, version: '1' })).body.model_version).not.toHaveProperty(
      'description',
    )
    expect(await ask('DELETE', 'registered-models/delete-tag', { name, key: 'none' })).toEqual({ status: 200, body: {} })
    expect((await ask('POST', 'registered-models/rename', { name, newName: `${name} new` })).status).toBe(200)
  })

  test('a stage asked for once is a list of one', async () => {
    const name = await newModel(2)
    await ask('POST', 'model-versions/transition-stage', {
      name,
      version: '1',
      stage: 'staging',
      archive_existing_versions: 'true',
    })
    const { body } = await ask('GET', 'registered-models/get-latest-versions', { name, stages: 'Staging' })
    expect(body.model_versions?.map((version) => version.version)).toEqual(['1'])
  })

  test('who and what program is kept in the history', async () => {
    const name = await newModel(1)
    const authorization = `Basic ${Buffer.from('grace:secret').toString('base64')}`
    await ask(
      'POST',
      'registered-models/alias',
      { name, alias: 'a', version: '1' },
      { authorization, 'user-agent': 'mlflow-python-client/3.17.2 x' },
    )
    expect((await registry.history.of({ project: 'default', name })).at(-1)).toMatchObject({
      by: 'grace',
      via: 'mlflow-python-client/3.17.2',
    })
  })

  test('projects have models of their own', async () => {
    const name = await newModel(1)
    const elsewhere = { 'x-mlflow-workspace': 'other' }
    expect((await ask('GET', 'registered-models/get', { name }, elsewhere)).status).toBe(404)
    expect((await ask('POST', 'registered-models/create', { name }, elsewhere)).status).toBe(200)
  })
})

describe('refusals', () => {
  test.each<[Method, string, object, number, string, string]>([
    [
      'GET',
      'registered-models/get',
      { name: 'nobody' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'Registered Model with name=nobody not found',
    ],
    ['GET', 'registered-models/get', {}, 400, 'INVALID_PARAMETER_VALUE', "Missing value for required parameter 'name'"],
    [
      'GET',
      'registered-models/alias',
      { name: 'nobody', alias: 'a' },
      400,
      'INVALID_PARAMETER_VALUE',
      'Registered model alias a not found.',
    ],
    [
      'POST',
      'registered-models/alias',
      { name: 'known', alias: 'Latest', version: '1' },
      400,
      'INVALID_PARAMETER_VALUE',
      "'latest' alias name (case insensitive) is reserved.",
    ],
    [
      'POST',
      'registered-models/alias',
      { name: 'known', alias: 'v1', version: '1' },
      400,
      'INVALID_PARAMETER_VALUE',
      "Version alias name 'v1' is reserved.",
    ],
    [
      'POST',
      'registered-models/alias',
      { name: 'known', alias: 'a b', version: '1' },
      400,
      'INVALID_PARAMETER_VALUE',
      "Invalid alias name: 'a b'.",
    ],
    [
      'POST',
      'registered-models/alias',
      { name: 'known', alias: 'a', version: '9' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'Model Version (name=known, version=9) not found',
    ],
    [
      'GET',
      'model-versions/get',
      { name: 'known', version: '1.5' },
      400,
      'INVALID_PARAMETER_VALUE',
      "Parameter 'version' must be an integer, got '1.5'.",
    ],
    [
      'POST',
      'model-versions/create',
      { name: 'known' },
      400,
      'INVALID_PARAMETER_VALUE',
      "Missing value for required parameter 'source'",
    ],
    [
      'POST',
      'model-versions/create',
      { name: 'nobody', source: 's3://b/x' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'Registered Model with name=nobody not found',
    ],
    [
      'POST',
      'model-versions/create',
      { name: 'known', source: 'models:/nobody/1' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'Model Version',
    ],
    [
      'POST',
      'model-versions/create',
      { name: 'known', source: 'models:/nobody/Production' },
      400,
      'INVALID_PARAMETER_VALUE',
      'must name a version',
    ],
    [
      'POST',
      'registered-models/create',
      { name: ['x'] },
      400,
      'INVALID_PARAMETER_VALUE',
      `Invalid value ["x"] for parameter 'name' supplied`,
    ],
    ['GET', 'registered-models/search', { max_results: '0' }, 400, 'INVALID_PARAMETER_VALUE', "parameter 'max_results'"],
    ['GET', 'registered-models/search', { max_results: '1001' }, 400, 'INVALID_PARAMETER_VALUE', "parameter 'max_results'"],
    ['GET', 'model-versions/search', { max_results: '200001' }, 400, 'INVALID_PARAMETER_VALUE', "parameter 'max_results'"],
    ['GET', 'model-versions/search', { page_token: 'e30=' }, 400, 'INVALID_PARAMETER_VALUE', ''],
  ])('%s %s %j', async (method, path, given, status, error_code, message) => {
    await registry.models.create({ project: 'default', name: 'known' }, { by: 'ada', via: 'test' }).catch(() => undefined)
    const answer = await ask(method, path, given)
    expect(answer).toEqual({ status, body: { error_code, message: expect.stringContaining(message) } })
  })

  test('a model and a prompt cannot share a name', async () => {
    const name = await newModel()
    const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
    expect((await ask('POST', 'registered-models/create', { name, tags })).body).toEqual({
      error_code: 'RESOURCE_ALREADY_EXISTS',
      message: expect.stringContaining('already taken by a registered model'),
    })
  })

  test('whatever is sent is answered with a reason, never with a defect', async () => {
    const name = await newModel(2)
    const paths: [Method, string][] = [
      ['POST', 'registered-models/create'],
      ['PATCH', 'registered-models/update'],
      ['POST', 'registered-models/alias'],
      ['DELETE', 'registered-models/alias'],
      ['POST', 'registered-models/get-latest-versions'],
      ['POST', 'model-versions/create'],
      ['POST', 'model-versions/transition-stage'],
      ['POST', 'model-versions/set-tag'],
      ['GET', 'registered-models/search'],
      ['GET', 'model-versions/search'],
      ['GET', 'model-versions/get-download-uri'],
    ]
    const odd = fc.oneof(
      fc.constantFrom(name, '1', 1, 'x', '', '\0', '\uD800', '../x', 'models:/', "name = 'a", true, null),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const field = fc.constantFrom(
      'name',
      'version',
      'alias',
      'source',
      'stage',
      'stages',
      'tags',
      'key',
      'value',
      'filter',
      'order_by',
      'page_token',
      'max_results',
      'run_id',
      'model_id',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.dictionary(field, odd, { noNullPrototype: true }),
        async ([method, path], given) => {
          const { status, body } = await ask(
            method,
            path,
            method === 'GET'
              ? Object.fromEntries(
                  Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
                )
              : given,
          )
          expect(status, JSON.stringify(body)).toBeLessThan(500)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('where the bytes are', () => {
  test('what lies in a run`s folder is handed out as an address of this server, which serves it', async () => {
    const run = await newRun()
    const name = await newModel()
    const origin = { by: 'ada', via: 'test' }
    await registry.versions.create(
      { project: 'default', name, source: `runs:/${run.id}/my model`, location: join(run.outPath, 'my model'), runId: run.id },
      origin,
    )
    const { body } = await ask('GET', 'model-versions/get-download-uri', { name, version: '1' })
    expect(body.artifact_uri).toMatch(new RegExp(`^mlflow-artifacts:/\\d+/${run.id}/artifacts/my model$`))
    const path = String(body.artifact_uri).replace('mlflow-artifacts:/', '')
    const bytes = await app.inject({
      url: `/api/2.0/mlflow-artifacts/artifacts/${encodeURI(path)}/weights`,
      headers: { host: 'localhost' },
    })
    expect(bytes.body).toBe('bytes')
    const read = (query: Record<string, string>, prefix = '') =>
      app.inject({ url: `${prefix}/model-versions/get-artifact`, query, headers: { host: 'localhost' } })
    expect((await read({ name, version: '1', path: 'weights' })).body).toBe('bytes')
    expect((await read({ name, version: '1', path: 'weights' }, '/ajax-api/2.0/mlflow')).headers['content-disposition']).toMatch(
      /^attachment/,
    )
    for (const [query, status] of [
      [{ name, version: '1', path: 'none' }, 404],
      [{ name, version: '2', path: 'weights' }, 404],
      [{ name, version: '1', path: '../my model/weights' }, 400],
      [{ name, version: '1', path: '%2e%2e/secret' }, 400],
      [{ name, version: '1' }, 400],
    ] as [Record<string, string>, number][])
      expect((await read(query)).statusCode, JSON.stringify(query)).toBe(status)
    await ask('POST', 'model-versions/create', { name, source: 's3://bucket/x' })
    expect((await read({ name, version: '2', path: 'weights' })).statusCode).toBe(404)
  })

  test('a client may name files of its run, and no others', async () => {
    const run = await newRun()
    const name = await newModel()
    const create = (source: string, run_id?: string) => ask('POST', 'model-versions/create', { name, source, run_id })
    expect((await create(join(run.outPath, 'my model'), run.id)).status).toBe(200)
    for (const [source, runId] of [
      [join(run.outPath, 'my model'), undefined],
      [join(run.outPath, 'my model'), newRunId(1)],
      [folder, run.id],
      [`${run.outPath}/../x`, run.id],
      [`file://${run.outPath}/%2e%2e/x`, run.id],
    ] as const)
      expect((await create(source, runId)).body, source).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' })
  })

  test('a logged model becomes a version with its place, its run, parameters and metrics, and knows it', async () => {
    const run = await newRun()
    const made = await ask('POST', 'logged-models', {
      experiment_id: (await tracking.experiments.findByName('default', 'iris'))!.id,
      name: 'm',
      source_run_id: run.id,
      params: [{ key: 'eta', value: '0.1' }],
    })
    const { model_id, artifact_uri } = made.body.model!.info
    const name = await newModel()
    const created = await ask('POST', 'model-versions/create', { name, source: `models:/${model_id}` })
    expect(created.body.model_version).toMatchObject({ model_id, run_id: run.id, source: `models:/${model_id}` })
    expect((await ask('GET', 'model-versions/get-download-uri', { name, version: '1' })).body).toEqual({ artifact_uri })
    expect((await ask('GET', 'model-versions/get', { name, version: '1' })).body.model_version).toMatchObject({
      model_params: [{ key: 'eta', value: '0.1' }],
    })
    const { tags } = (await ask('GET', `logged-models/${model_id}`)).body.model!.info
    expect(tags).toEqual([{ key: 'mlflow.modelVersions', value: JSON.stringify([{ name, version: '1' }]) }])
    const other = await ask('POST', 'model-versions/create', { name, source: `models:/${model_id}`, model_id: 'm-other' })
    expect(other.status).toBe(400)
  })
})

test('the history names whom the client tells of: its user, a tag, or whoever made the run', async () => {
  await using server = await openServer()
  const api = '/api/2.0/mlflow'
  const run = await reportRun(server.tracking)
  const basic = { authorization: `Basic ${Buffer.from('grace:secret').toString('base64')}` }
  await server.ask('POST', `${api}/registered-models/create`, { name: 'who', tags: [{ key: 'mlflow.user', value: 'lin' }] })
  const version = { name: 'who', source: `runs:/${run}/model`, run_id: run }
  await server.ask('POST', `${api}/model-versions/create`, version)
  await server.ask('POST', `${api}/registered-models/alias`, { name: 'who', alias: 'best', version: '1' }, basic)
  await server.ask('POST', `${api}/registered-models/alias`, { name: 'who', alias: 'other', version: '1' })
  const events = await server.registry.history.of({ project: 'default', name: 'who' })
  expect(events.map(({ by }) => by)).toEqual(['lin', 'lin', 'ada', 'grace', 'unknown'])
})

test('where a request names nobody it is whoever the server takes it for, unless it is known whom it is about', async () => {
  await using server = await openServer({ userName: 'ada' })
  const models = '/api/2.0/mlflow/registered-models'
  await server.ask('POST', `${models}/create`, { name: 'who', tags: [{ key: 'mlflow.user', value: 'lin' }] })
  await server.ask('PATCH', `${models}/update`, { name: 'who', description: 'x' })
  const events = await server.registry.history.of({ project: 'default', name: 'who' })
  expect(events.map(({ by }) => by).toSorted()).toEqual(['ada', 'lin', 'lin'])
})
