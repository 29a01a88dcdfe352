import { describe, expect, test } from 'vitest'
import { openServer } from './testing/open-server.ts'

const search = '/api/2.0/mlflow/experiments/search'

describe('every route of every dialect', () => {
  test('answers only under its own names, so that no page can reach it by a name that resolves here', async () => {
    await using server = await openServer()
    for (const host of ['localhost:5000', '127.0.0.1', '[::1]:5000', 'a.localhost'])
      expect((await server.ask('POST', search, { max_results: 1 }, { host })).status, host).toBe(200)
    for (const host of ['evil.example', '10.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect((await server.ask('POST', search, { max_results: 1 }, { host })).status, host).toBe(403)
    expect((await server.ask('GET', '/health', undefined, { host: 'evil.example' })).text).toBe('OK')
  })

  test('refuses changes that another site asks for, under each prefix', async () => {
    await using server = await openServer()
    for (const url of [search, search.replace('/api/', '/ajax-api/'), '/projects/p/api/2.0/mlflow/experiments/search']) {
      for (const origin of ['https://evil.example', 'null', 'file://', 'http://127.0.0.1.evil.example'])
        expect((await server.ask('POST', url, { max_results: 1 }, { origin })).status, `${url} ${origin}`).toBe(403)
      expect((await server.ask('POST', url, { max_results: 1 }, { origin: 'http://localhost' })).status).toBe(200)
      expect((await server.ask('POST', url, { max_results: 1 }, { 'content-type': 'text/plain' })).status).toBe(400)
    }
  })

  test('asks for the token, when there is one, everywhere but at /health', async () => {
    await using server = await openServer({ token: 'secret' })
    const basic = (password: string) => `Basic ${Buffer.from(`user:${password}`).toString('base64')}`
    for (const authorization of ['', 'Bearer wrong', 'Bearer', 'secret', basic('wrong'), basic('')])
      expect((await server.ask('POST', search, { max_results: 1 }, { authorization })).status, authorization).toBe(401)
    for (const authorization of ['Bearer secret', basic('secret')])
      expect((await server.ask('POST', search, { max_results: 1 }, { authorization })).status, authorization).toBe(200)
    expect((await server.ask('GET', '/nothing')).status).toBe(401)
    for (const url of ['/version', '/metrics', '/api/trainyard/v1/runs', '/api/trainyard/v1/openapi.json', '/v1/traces'])
      expect((await server.ask('GET', url)).status, url).toBe(401)
    expect((await server.ask('GET', '/health')).status).toBe(200)
  })

  test('is 404 without JSON when it does not exist, and 405 with a wrong method', async () => {
    await using server = await openServer()
    for (const url of ['/api/3.0/mlflow/nothing', '/api/2.0/preview/mlflow/runs/get', '/nothing', '/v2/traces']) {
      const answer = await server.ask('POST', url, {})
      expect([answer.status, answer.text], url).toEqual([404, 'Not Found'])
    }
    expect((await server.ask('PUT', '/api/2.0/mlflow/runs/create', {})).status).toBe(405)
  })

  test('that does not exist, or takes another method, is answered in the words of its dialect', async () => {
    await using server = await openServer()
    for (const [url, others] of [
      ['/api/trainyard/v1/nope', undefined],
      ['/api/trainyard/v1/runs', 'GET'],
    ] as const) {
      const { status, json, headers } = await server.ask('PUT', url, {})
      expect([status, headers['allow']?.toString().includes('GET')]).toEqual(
        others === undefined ? [404, undefined] : [405, true],
      )
      expect(json).toEqual({
        error: { code: others ? 'invalid_argument' : 'not_found', message: expect.stringContaining(url), details: {} },
      })
    }
    for (const url of ['/api/v1/nope', '/api/v2/projects/p/nope/x', '/projects/p/api/v1/nope'])
      expect(await server.ask('GET', url)).toMatchObject({
        status: 404,
        json: { detail: expect.stringContaining('There is no /api/v') },
      })
    const wrong = await server.ask('PATCH', '/api/v1/client-spec', {})
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'GET'])
    expect(wrong.json).toEqual({ detail: '/api/v1/client-spec takes GET, not PATCH.' })
    for (const [method, url] of [
      ['PATCH', '/api/v1/projects/foo/alerts/x'],
      ['DELETE', '/api/trainyard/v1/runs/x/metrics'],
    ] as const) {
      const { status, headers } = await server.ask(method, url)
      expect([url, status, headers['allow']]).toEqual([url, 405, expect.stringContaining('GET')])
    }
  })

  test('is taken as an address, never as a pattern of addresses', async () => {
    await using server = await openServer()
    for (const prefix of ['/api/v1', '/api/trainyard/v1', '/api/2.0/mlflow', ''])
      for (const path of ['/:a:b(', '/:a(^(', '/*', '/::', '/:a'])
        expect([prefix + path, (await server.ask('PUT', prefix + path)).status]).toEqual([prefix + path, 404])
  })

  test('is about the project its address names', async () => {
    await using server = await openServer()
    const { json } = await server.ask('POST', '/projects/vision%20lab/api/2.0/mlflow/experiments/create', { name: 'e' })
    expect(json['experiment_id']).toBeDefined()
    expect(await server.tracking.experiments.findByName('vision lab', 'e')).toBeDefined()
    expect((await server.ask('GET', '/api/2.0/mlflow/experiments/get-by-name', { experiment_name: 'e' })).status).toBe(404)
  })
})
