import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:http'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPlainPath } from './bytes/plain-path.ts'
import { createRunTokens } from './run-tokens.ts'
import { createServedPlaces } from './served-places.ts'
import { cutSlowClients } from './slow-clients.ts'
import { endingConnections } from './stop-connections.ts'
import { openServer, reportRun } from './testing/open-server.ts'

const native = '/api/trainyard/v1'
const prefixes = [`${native}/runs`, '/api/2.0/mlflow/experiments/search', '/ajax-api/2.0/mlflow/experiments/search']

describe('pages of other sites', () => {
  test('change nothing under any prefix, and are not let in to read', async () => {
    await using server = await openServer({ origins: ['https://lab.example.org'] })
    for (const url of [`${native}/projects`, `${native}/runs/trash`, ...prefixes.slice(1)]) {
      for (const origin of ['https://evil.example', 'null', 'https://lab.example.org.evil.example', 'http://lab.example.org']) {
        const answer = await server.ask('POST', url, {}, { origin })
        expect([answer.status, answer.headers['access-control-allow-origin']], `${url} ${origin}`).toEqual([403, undefined])
      }
    }
    const read = await server.ask('GET', `${native}/projects`, undefined, { origin: 'https://evil.example' })
    expect(read.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('what a form can send without asking is refused: it is no JSON', async () => {
    await using server = await openServer()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      for (const url of [`${native}/projects`, `${native}/runs/trash`, `${native}/experiments/0/trash`])
        expect(
          (await server.ask('POST', url, '{"name":"x"}', { 'content-type': type })).status,
          `${url} ${type}`,
        ).toBeGreaterThanOrEqual(400)
    expect((await server.ask('GET', `${native}/experiments/0`)).json).toMatchObject({ trashedAtMs: null })
  })

  test('are those of another port or bare address too; the server’s own are not', async () => {
    await using server = await openServer({ loopback: false, token: 'secret', hosts: ['ml.example.org'] })
    const ask = async (host: string, origin: string) =>
      (await server.ask('POST', `${native}/projects`, { name: 'x' }, { host, origin, authorization: 'Basic OnNlY3JldA==' }))
        .status
    for (const [host, origin] of [
      ['192.0.2.1:5000', 'http://203.0.113.9'],
      ['192.0.2.1:5000', 'http://192.0.2.1'],
      ['192.0.2.1:5000', 'http://192.0.2.1:5001'],
      ['localhost:5000', 'http://localhost:3000'],
      ['localhost:5000', 'http://127.0.0.1:5000'],
      ['ml.example.org', 'http://ml.example.org:8080'],
    ] as const)
      expect(await ask(host, origin), `${host} ${origin}`).toBe(403)
    for (const [host, origin] of [
      ['192.0.2.1:5000', 'http://192.0.2.1:5000'],
      ['[::1]:5000', 'http://[::1]:5000'],
      ['ml.example.org', 'https://ml.example.org'],
      ['ML.example.org:443', 'https://ml.example.org'],
    ] as const)
      expect(await ask(host, origin), `${host} ${origin}`).not.toBe(403)
  })

  test('are let in where that was configured, with the questions a browser asks first', async () => {
    await using server = await openServer({ origins: ['https://lab.example.org'], token: 'secret' })
    const origin = 'https://lab.example.org'
    const asked = await server.app.inject({
      method: 'OPTIONS',
      url: `${native}/runs/label`,
      headers: { host: 'localhost', origin, 'access-control-request-method': 'POST' },
    })
    expect([asked.statusCode, asked.headers['access-control-allow-origin']]).toEqual([204, origin])
    expect((await server.ask('POST', `${native}/projects`, { name: 'x' }, { origin })).status).toBe(401)
    const made = await server.ask('POST', `${native}/projects`, { name: 'x' }, { origin, authorization: 'Bearer secret' })
    expect([made.status, made.headers['access-control-allow-origin'], made.headers['vary']]).toEqual([200, origin, 'origin'])
    const other = await server.app.inject({
      method: 'OPTIONS',
      url: `${native}/runs/label`,
      headers: { host: 'localhost', origin: 'https://evil.example' },
    })
    expect([other.statusCode, other.headers['access-control-allow-origin']]).toEqual([401, undefined])
  })

  test('reach no prefix under a name that is not the server’s', async () => {
    await using server = await openServer()
    for (const url of [...prefixes, `${native}/changes`, `${native}/openapi.json`, '/metrics', '/version'])
      expect((await server.ask('GET', url, undefined, { host: 'evil.example' })).status, url).toBe(403)
  })
})

describe('the token of a job', () => {
  test('opens nothing but what MLflow’s clients ask for, however the address is spelled', async () => {
    const runTokens = createRunTokens('a secret')
    await using server = await openServer({ token: 'secret', runTokens })
    const authorization = `Bearer ${runTokens.tokenOf(await reportRun(server.tracking))}`
    const ask = async (url: string) => (await server.ask('GET', url, undefined, { authorization })).status
    for (const url of [`${native}/projects`, '/api/%74rainyard/v1/projects', `${native}/changes`, '/metrics', '/'])
      expect(await ask(url), url).toBe(403)
    expect(await ask('/version')).toBe(200)
    expect(await ask('/api/2.0/mlflow/experiments/get?experiment_id=0')).toBe(200)
  })
})

describe('bodies nested thousands of levels deep', () => {
  test('are refused by every route in the words of its dialect', async () => {
    await using server = await openServer()
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    for (const path of [
      '2.0/mlflow/runs/log-metric',
      '2.0/mlflow/runs/log-batch',
      '2.0/mlflow/experiments/create',
      '3.0/mlflow/traces',
    ])
      for (const body of [`{"key":${deep},"name":${deep},"trace":${deep}}`, JSON.stringify(`{"key":${deep}}`)]) {
        const { status, json } = await server.ask('POST', `/api/${path}`, body)
        expect([status, json], path).toEqual([
          400,
          { error_code: 'INVALID_PARAMETER_VALUE', message: 'The JSON is nested more than 64 levels deep.' },
        ])
      }
    const spans = await server.ask('POST', '/v1/traces', `{"resourceSpans":${deep}}`, { 'x-mlflow-experiment-id': '0' })
    expect([spans.status, spans.text]).toEqual([400, expect.not.stringContaining('call stack')])
  })
})

/** Spellings of going up, absolute paths, drives, shares, addresses. */
const ways = [
  '..',
  '%2e%2e',
  '%252e%252e',
  '.%2e',
  '..%00',
  '..;',
  '/',
  '%2f',
  '\\',
  '%5c',
  'C:',
  'file:',
  '//host/',
  '~',
  '.',
  '%2e',
  '#',
  '?',
]

describe('paths of files', () => {
  test('however they are spelled, never leave their folder', async () => {
    await using server = await openServer()
    writeFileSync(join(server.folder, 'secret.txt'), 'secret')
    const run = await reportRun(server.tracking, join(server.folder, 'artifacts'))
    mkdirSync(join(server.folder, 'artifacts', run), { recursive: true })
    writeFileSync(join(server.folder, 'artifacts', run, 'own.txt'), 'own')
    symlinkSync(server.folder, join(server.folder, 'artifacts', run, 'link'))
    const read = (path: string) => server.ask('GET', `${native}/runs/${run}/files/bytes`, { path })
    expect((await read('own.txt')).text).toBe('own')
    for (const path of [
      '../../secret.txt',
      'link/secret.txt',
      join(server.folder, 'secret.txt'),
      `file://${server.folder}/secret.txt`,
    ]) {
      const answer = await read(path)
      expect([400, 403, 404], path).toContain(answer.status)
      expect(answer.text).not.toBe('secret')
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...ways, 'secret.txt', 'own.txt', '/', 'a'), { maxLength: 7 }), async (parts) => {
        const answer = await read(parts.join(''))
        expect(answer.status).toBeLessThan(500)
        expect(answer.text).not.toBe('secret')
      }),
      { numRuns: 300 },
    )
    for (const path of ['/', '.', '%2e', './', '//', '%2e%2e', '..']) expect((await read(path)).status, path).toBe(400)
  }, 60_000)

  test('that cannot be are refused by their name, never telling where they would lie', async () => {
    await using server = await openServer()
    const run = await reportRun(server.tracking, join(server.folder, 'artifacts'))
    mkdirSync(join(server.folder, 'artifacts', run), { recursive: true })
    writeFileSync(join(server.folder, 'artifacts', run, 'a'), 'a file')
    const files = `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts`
    const bytes = { 'content-type': 'application/octet-stream' }
    const long = 'n'.repeat(300)
    for (const answer of [
      await server.ask('GET', '/api/2.0/mlflow/artifacts/list', { run_id: run, path: long }),
      await server.ask('PUT', `${files}/a/b`, 'x', bytes),
      await server.ask('PUT', `${files}/${long}`, 'x', bytes),
      await server.ask('GET', `${files}/${long}`),
    ]) {
      expect(answer.status, answer.text).toBe(400)
      expect(answer.text).not.toContain(server.folder)
    }
    const missing = await server.ask('GET', `${files}/none`)
    expect([missing.status, missing.text]).toEqual([404, expect.not.stringContaining(server.folder)])
  })

  test('are plain or not, by one rule', () => {
    for (const path of ['a', 'a/b.txt', 'ünï cödé', '100%', 'a%20b', 'v1:2', 'a..b', '...', ''])
      expect(isPlainPath(path), path).toBe(true)
    for (const path of [
      '..',
      'a/../b',
      '%2e%2e/a',
      '%252e%252e/a',
      '%zz/..',
      'a/%2e',
      '/a',
      '%2fa',
      'a\\b',
      'a%5cb',
      'c:/a',
      'C%3a/a',
      'file:a',
      'a\0b',
      'a%00b',
      'a#b',
      '.. /a',
    ])
      expect(isPlainPath(path), path).toBe(false)
  })

  test('are served below roots only, links resolved; what a record names elsewhere is not', async () => {
    await using server = await openServer()
    writeFileSync(join(server.folder, 'secret.txt'), 'secret')
    const run = await reportRun(server.tracking)
    const add = (target: string) =>
      server.tracking.artifacts.add({
        runId: run,
        project: 'default',
        iteration: 0,
        key: 'a',
        kind: 'file',
        target,
        createdAtMs: 1,
      })
    for (const target of [
      join(server.folder, 'secret.txt'),
      `file://${server.folder}/secret.txt`,
      '/etc/passwd',
      'http://127.0.0.1:9/x',
    ]) {
      const { id } = await add(target)
      const answer = await server.ask('GET', `${native}/artifacts/${id}/bytes`)
      expect([answer.status, answer.text], target).toEqual([403, expect.stringMatching(/outside the folders|lie elsewhere/)])
      expect((await server.ask('GET', `${native}/artifacts/${id}/files`)).status).toBe(403)
    }
    const roots = createServedPlaces({ objects: { workingDirectory: server.folder, environment: {} }, roots: ['artifacts'] })
    symlinkSync(server.folder, join(server.folder, 'artifacts', 'out'))
    expect(roots.isServed(join(server.folder, 'artifacts', 'x'))).toBe(true)
    for (const place of ['artifacts/out', 'artifacts/../secret.txt', 'artifacts-other', '/', '.'])
      expect(roots.isServed(place), place).toBe(false)
  })

  test('go out as attachments in a sandbox with their type and no other', async () => {
    await using server = await openServer()
    const run = await reportRun(server.tracking, join(server.folder, 'artifacts'))
    mkdirSync(join(server.folder, 'artifacts', run), { recursive: true })
    writeFileSync(join(server.folder, 'artifacts', run, 'page.html'), '<script>alert(1)</script>')
    const { headers } = await server.ask('GET', `${native}/runs/${run}/files/bytes`, { path: 'page.html' })
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' })
    expect(headers['content-disposition']).toMatch(/^attachment/)
  })

  test('have the type of their own file where the key of the artifact has no ending', async () => {
    await using server = await openServer()
    const run = await reportRun(server.tracking)
    const target = join(server.folder, 'artifacts', 'report.html')
    mkdirSync(join(server.folder, 'artifacts'), { recursive: true })
    writeFileSync(target, '<h1>Report</h1>')
    const { id } = await server.tracking.artifacts.add({
      runId: run,
      project: 'default',
      iteration: 0,
      key: 'report',
      kind: 'html',
      target,
      createdAtMs: 1,
    })
    const { headers } = await server.ask('GET', `${native}/artifacts/${id}/bytes`, { show: 'true' })
    expect(headers).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': "inline; filename*=UTF-8''report.html",
    })
  })
})

describe('figures for Prometheus', () => {
  test('count requests by route, never by address', async () => {
    await using server = await openServer()
    const run = await reportRun(server.tracking)
    await server.ask('GET', `${native}/runs/${run}`)
    const { text } = await server.ask('GET', '/metrics')
    expect(text).toMatch(/_count\{method="GET",route="\/api\/trainyard\/v1\/runs\/:run",status="200"\} 1\n/)
    expect(text).not.toContain(run)
    expect(text).toMatch(/trainyard_runs\{state="running"\} 1\n/)
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(?:# (?:HELP|TYPE) \S+ .+|[a-z_]+(?:\{.*\})? [\d.e+-]+)$/)
  })
})

describe('slow clients', () => {
  test('who send a request drop by drop are cut; who wait for an answer are not', async () => {
    const server = createServer((incoming, response) => {
      incoming.resume()
      incoming.on('end', () => setTimeout(() => response.end('late'), 1_500))
    })
    using _watch = cutSlowClients(server, { lookEveryMs: 100, leastBytes: 1_000, looks: 3 })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address() as { port: number }
    const patient = new Promise<string>((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port: address.port, method: 'POST' }, (answer) => {
        answer.setEncoding('utf8').on('data', resolve)
      })
      asking.on('error', reject).end('all at once')
    })
    const slow = connect(address.port, '127.0.0.1')
    slow.on('error', () => {})
    slow.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n')
    const drops = setInterval(() => slow.write('x'), 50)
    await new Promise((resolve) => slow.once('close', resolve))
    clearInterval(drops)
    expect(await patient).toBe('late')
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})

test('a server that stops ends the streams of those who listen', async () => {
  const server = await openServer()
  const address = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const listening = await fetch(`${address}${native}/changes`)
  const waiting = fetch(`${address}${native}/runs/${await reportRun(server.tracking)}/points/follow`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"waitMs":30000}',
  }).then(
    ({ status }) => status,
    () => undefined,
  )
  const text = listening.text()
  await server[Symbol.asyncDispose]()
  expect(await text).toContain('event: hello')
  expect((await waiting) ?? 0).toBeLessThan(500)
})

describe('a server that stops', () => {
  const begun = (port: number, text: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).write(text)
    return {
      closed: new Promise((resolve) => socket.once('close', resolve)),
      opened: new Promise((resolve) => socket.once('connect', resolve)),
    }
  }

  test('waits for no connection without a request, nor for one half of a header', async () => {
    const server = await openServer()
    await server.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.app.server.address() as { port: number }
    const sockets = [begun(port, ''), begun(port, 'POST /api/2.0/mlflow/runs/log-metric HTTP/1.1\r\nhost: loc')]
    for (const { opened } of sockets) await opened
    // Answered behind them, so that the server has taken both.
    await (await fetch(`http://127.0.0.1:${port}/health`)).text()
    await server[Symbol.asyncDispose]()
    for (const { closed } of sockets) await closed
  })

  test('cuts what is half sent when its time is over', async () => {
    const server = createServer((incoming) => incoming.resume())
    const ending = endingConnections(server, () => true, 50)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const arrived = new Promise((resolve) => server.once('request', resolve))
    const { closed } = begun(port, 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf')
    await arrived
    const stopped = new Promise((resolve) => server.close(resolve))
    ending.begin()
    await stopped
    await closed
  })
})
