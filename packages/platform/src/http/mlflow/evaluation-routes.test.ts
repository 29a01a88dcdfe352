import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type OpenServer } from '../testing/open-server.ts'

let server: OpenServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const api = '/api/3.0/mlflow'

async function create(fields: object): Promise<string> {
  const { json, text } = await server.ask('POST', `${api}/datasets/create`, fields)
  const { dataset } = json as { dataset?: { dataset_id: string } }
  if (!dataset) throw new Error(text)
  return dataset.dataset_id
}

describe('evaluation data sets over the wire', () => {
  it('travel with their maps as texts of JSON', async () => {
    const id = await create({ name: 'qa', experiment_ids: ['0'], tags: '{"team": "blue", "n": 1, "mlflow.user": "ada"}' })
    expect(id).toMatch(/^d-[0-9a-f]{32}$/)
    const records = '[{"inputs": {"q": "a", "n": 1.0}, "outputs": null}, {"inputs": {"q": "b"}, "expectations": {"e": 2}}]'
    const put = await server.ask('POST', `${api}/datasets/${id}/records`, { records })
    expect(put.json).toEqual({ inserted_count: 2, updated_count: 0 })
    const { json } = await server.ask('GET', `${api}/datasets/${id}`)
    const dataset: Record<string, string> = json['dataset']!
    expect(dataset).toMatchObject({ name: 'qa', experiment_ids: ['0'], created_by: 'ada', profile: '{"num_records":2}' })
    expect(JSON.parse(dataset['tags']!)).toEqual({ team: 'blue', n: '1', 'mlflow.user': 'ada' })
    expect(JSON.parse(dataset['schema']!)).toEqual({
      inputs: { q: 'string', n: 'float' },
      outputs: {},
      expectations: { e: 'integer' },
      version: '1.0',
    })
    const page = await server.ask('GET', `${api}/datasets/${id}/records`, { max_results: 1 })
    const first: Record<string, string> = page.json
    expect(first['records']).toContain('"inputs": {"q": "a", "n": 1.0}')
    const second = await server.ask('GET', `${api}/datasets/${id}/records`, { page_token: first['next_page_token'] })
    const [{ dataset_record_id, ...record }] = JSON.parse(second.json['records']!) as [Record<string, unknown>]
    expect(record).toMatchObject({ inputs: { q: 'b' }, outputs: {}, expectations: { e: 2 }, tags: {} })
    const deleted = await server.ask('DELETE', `${api}/datasets/${id}/records`, { dataset_record_ids: [dataset_record_id, 'x'] })
    expect(deleted.json).toEqual({ deleted_count: 1 })
  })

  it('are searched by name, tag and time', async () => {
    await create({ name: 'search a', tags: '{"k": "x%y"}' })
    await create({ name: 'search b' })
    const names = async (filter_string: string, order_by: string[] = []) => {
      const { json } = await server.ask('POST', `${api}/datasets/search`, { filter_string, order_by })
      return ((json as { datasets?: { name: string }[] }).datasets ?? []).map(({ name }) => name)
    }
    expect(await names("name LIKE 'search%'", ['name DESC'])).toEqual(['search b', 'search a'])
    expect(await names("tags.k = 'x%y' AND created_time > 0")).toEqual(['search a'])
    expect(await names("name IN ('search b', 'none')")).toEqual(['search b'])
    for (const filter_string of ["x = '1'", 'name = 1', "name NOT IN ('a')", 'created_time > 1.5', "params.k = 'x'"]) {
      const { status } = await server.ask('POST', `${api}/datasets/search`, { filter_string })
      expect(status, filter_string).toBe(400)
    }
  })

  it("say what is wrong with what they don't take", async () => {
    const id = await create({ name: 'wrong' })
    const asked: [string, object][] = [
      [`datasets/${id}/records`, { records: 'no JSON' }],
      [`datasets/${id}/records`, { records: '{}' }],
      [`datasets/${id}/records`, { records: '[{"inputs": []}]' }],
      [`datasets/${id}/records`, { records: '[{"inputs": {}, "source": {"source_type": "SKY"}}]' }],
      [`datasets/${id}/records`, { records: '['.repeat(5_000) }],
      ['datasets/create', {}],
      ['datasets/create', { name: 'x', tags: '[1]' }],
    ]
    for (const [path, body] of asked) {
      const { status, json } = await server.ask('POST', `${api}/${path}`, body)
      expect([status, json['error_code']], JSON.stringify(body).slice(0, 80)).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    }
    expect((await server.ask('GET', `${api}/datasets/d-none`)).status).toBe(404)
    expect((await server.ask('POST', `${api}/datasets/d-none/records`, { records: '[]' })).status).toBe(404)
    expect((await server.ask('POST', `${api}/datasets/create`, { name: 'x', experiment_ids: ['99'] })).status).toBe(404)
    expect((await server.ask('DELETE', `${api}/datasets/d-none`)).status).toBe(200)
    expect((await server.ask('DELETE', `${api}/datasets/d-none/tags/a`)).status).toBe(200)
  })
})

describe('scorers over the wire', () => {
  const register = (name: string, serialized_scorer: string) =>
    server.ask('POST', `${api}/scorers/register`, { experiment_id: '0', name, serialized_scorer })

  it('are registered, listed, read and deleted', async () => {
    const { json } = await register('polite', '{"name": "polite", "builtin_scorer_class": "Safety"}')
    expect(json).toMatchObject({ version: 1, name: 'polite', experiment_id: '0' })
    await register('polite', '{"name": "polite 2"}')
    const listed = await server.ask('GET', `${api}/scorers/list`, { experiment_id: '0' })
    expect(listed.json['scorers']).toMatchObject([{ experiment_id: 0, scorer_name: 'polite', scorer_version: 2 }])
    const everywhere = await server.ask('GET', `${api}/scorers/list`)
    expect(everywhere.json).toEqual(listed.json)
    const versions = await server.ask('GET', `${api}/scorers/versions`, { experiment_id: '0', name: 'polite' })
    expect(versions.json['scorers']).toHaveLength(2)
    const first = await server.ask('GET', `${api}/scorers/get`, { experiment_id: '0', name: 'polite', version: 1 })
    expect(first.json['scorer']).toMatchObject({ scorer_version: 1 })
    expect((await server.ask('DELETE', `${api}/scorers/delete`, { experiment_id: '0', name: 'polite' })).status).toBe(200)
    const gone = await server.ask('GET', `${api}/scorers/get`, { experiment_id: '0', name: 'polite' })
    expect(gone).toMatchObject({ status: 404, json: { message: "Scorer with name 'polite' not found for experiment 0." } })
  })

  it('that carry a program, or are no JSON, are refused', async () => {
    const nested = '{"ensemble_scorer_data": {"scorers": [{"call_source": "import os"}]}}'
    for (const body of ['x', '[]', '{"call_source": "import os"}', nested])
      expect(await register('bad', body), body).toMatchObject({ status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE' } })
  })

  it('judge nothing by themselves: a rate above 0 is refused, 0 is kept', async () => {
    const { json } = await register('judge', '{"name": "judge"}')
    const configure = (fields: object) =>
      server.ask('PUT', `${api}/scorers/online-config`, { experiment_id: '0', name: 'judge', ...fields })
    expect((await configure({ sample_rate: 0.5 })).status).toBe(400)
    expect((await configure({ sample_rate: 2 })).status).toBe(400)
    expect((await configure({ sample_rate: 0, filter_string: 'nonsense' })).status).toBe(400)
    const kept = await configure({ sample_rate: 0, filter_string: "status = 'OK'" })
    const scorer_id: string = json['scorer_id']!
    expect(kept.json['config']).toMatchObject({ scorer_id, sample_rate: 0, filter_string: "status = 'OK'", experiment_id: '0' })
    const { json: found } = await server.ask('GET', `${api}/scorers/online-configs`, { scorer_ids: scorer_id })
    expect(found['configs']).toEqual([kept.json['config']])
  })
})
