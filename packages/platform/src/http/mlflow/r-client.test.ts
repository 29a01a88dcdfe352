import { afterAll, beforeAll, expect, test } from 'vitest'
import { openServer, type OpenServer } from '../testing/open-server.ts'

let server: OpenServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/**
 * As the R package sends it: every number and truth value as R prints it in a text, a data frame as a list of rows, nothing for what
 * is NULL or empty; runs are named twice.
 */
async function post(path: string, body: object, method: 'POST' | 'PATCH' | 'DELETE' = 'POST'): Promise<Record<string, never>> {
  const headers = { 'user-agent': 'mlflow-r-client/3.17.2', accept: 'application/json, text/xml, application/xml, */*' }
  const { status, json, text } = await server.ask(method, `/api/2.0/mlflow/${path}`, body, headers)
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
  return json
}

const get = async (path: string, query: object): Promise<Record<string, never>> => {
  const { status, json, text } = await server.ask('GET', `/api/2.0/mlflow/${path}`, query)
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
  return json
}

interface Run {
  info: Record<string, unknown>
  data: { metrics: unknown[]; params: unknown[]; tags: unknown[] }
}

test('the R package logs a run, ends it and finds it again', async () => {
  const experiment: string = (await post('experiments/create', { name: 'from R' }))['experiment_id']!
  const { experiments } = await post('experiments/search', {
    view_type: 'ACTIVE_ONLY',
    max_results: '100',
    filter: "name = 'from R'",
  })
  expect(experiments).toMatchObject([{ experiment_id: experiment, name: 'from R', lifecycle_stage: 'active' }])
  const tags = [
    { key: 'mlflow.user', value: 'ross' },
    { key: 'mlflow.source.name', value: '<console>' },
    { key: 'mlflow.source.type', value: 'LOCAL' },
  ]
  const begun = { experiment_id: experiment, user_id: 'ross', start_time: '1700000000123', tags }
  const run: Run = (await post('runs/create', begun))['run']!
  const id = String(run.info['run_uuid'])
  expect(run.info).toMatchObject({ run_id: id, user_id: 'ross', start_time: 1_700_000_000_123, status: 'RUNNING' })
  const both = { run_uuid: id, run_id: id }
  for (const [step, value] of ['0.5', 'NaN', 'Infinity', '1e-05'].entries())
    await post('runs/log-metric', { ...both, key: 'loss', value, timestamp: '1700000000200', step: String(step) })
  await post('runs/log-parameter', { ...both, key: 'ntree', value: '500' })
  await post('runs/set-tag', { ...both, key: 'team', value: 'blue' })
  await post('runs/log-batch', {
    run_id: id,
    metrics: [
      { key: 'auc', value: '0.75', step: '1', timestamp: '1700000000300' },
      { key: 'auc', value: '-Infinity', step: '2', timestamp: '1700000000300' },
    ],
    params: [{ key: 'mtry', value: '2' }],
  })
  const model = { artifact_path: 'model', flavors: { crate: { version: '0.1.0', model: 'crate.bin' } }, run_id: id }
  await post('runs/log-model', { run_id: id, model_json: JSON.stringify({ ...model, utc_time_created: '25-11-21T10:00:00.1' }) })
  const ended = await post('runs/update', { ...both, status: 'FINISHED', end_time: '1700000009000' })
  expect(ended['run_info']).toMatchObject({ run_uuid: id, status: 'FINISHED', end_time: 1_700_000_009_000 })
  const metrics: { value: unknown }[] = (await get('metrics/get-history', { ...both, metric_key: 'loss' }))['metrics']!
  expect(metrics.map(({ value }) => value)).toEqual([0.5, 'NaN', Number.MAX_VALUE, 0.00001])
  const search = {
    experiment_ids: [experiment],
    filter: "params.ntree = '500'",
    run_view_type: 'ACTIVE_ONLY',
    order_by: ['metrics.auc DESC'],
  }
  const runs: Run[] = (await post('runs/search', search))['runs']!
  expect(runs.map(({ info }) => info['run_uuid'])).toEqual([id])
  expect(runs[0]!.data.params).toEqual(expect.arrayContaining([{ key: 'mtry', value: '2' }]))
  expect((await get('artifacts/list', both))['root_uri']).toContain(id)
  await post('runs/delete-tag', { run_id: id, key: 'team' })
  await post('runs/delete', { run_id: id })
  await post('runs/restore', { run_id: id })
  await post('experiments/update', { experiment_id: experiment, new_name: 'from R, later' })
})

test('the R package works the registry', async () => {
  const run: Run = (await post('runs/create', { experiment_id: '0', start_time: '1700000000123' }))['run']!
  const runId = String(run.info['run_id'])
  await post('registered-models/create', { name: 'forest', tags: [{ key: 'a', value: 'b' }], description: 'first' })
  const source = `${String(run.info['artifact_uri'])}/model`
  const { model_version } = await post('model-versions/create', { name: 'forest', source, run_id: runId })
  expect(model_version).toMatchObject({ name: 'forest', version: '1', current_stage: 'None', status: 'READY' })
  const change = { name: 'forest', version: '1', stage: 'Production', archive_existing_versions: 'FALSE' }
  expect((await post('model-versions/transition-stage', change))['model_version']).toMatchObject({ current_stage: 'Production' })
  const latest = await get('registered-models/get-latest-versions', { name: 'forest', stages: 'Production' })
  expect(latest['model_versions']).toMatchObject([{ version: '1' }])
  await post('model-versions/set-tag', { name: 'forest', version: '1', key: 'k', value: 'v' })
  await post('registered-models/alias', { name: 'forest', alias: 'champion', version: '1' })
  expect((await get('registered-models/alias', { name: 'forest', alias: 'champion' }))['model_version']).toMatchObject({
    version: '1',
  })
  expect((await get('model-versions/get-download-uri', { name: 'forest', version: '1' }))['artifact_uri']).toContain('model')
  await post('registered-models/update', { name: 'forest', description: 'second' }, 'PATCH')
  // Its search is a POST, where Python's is a GET.
  const found = await post('registered-models/search', { filter: "name LIKE 'for%'", max_results: '100', order_by: ['name'] })
  expect(found['registered_models']).toMatchObject([{ name: 'forest', description: 'second' }])
  expect((await post('registered-models/rename', { name: 'forest', new_name: 'wood' }))['registered_model']).toMatchObject({
    name: 'wood',
  })
  await post('model-versions/delete', { name: 'wood', version: '1' }, 'DELETE')
  await post('registered-models/delete', { name: 'wood' }, 'DELETE')
})
