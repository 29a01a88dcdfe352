import { AppError } from '@trainyard/contract'
import { nativeOperations, type OperationSpec } from '@trainyard/contract/native-api'
import { connect } from '@trainyard/sdk/client'
import { build } from 'esbuild'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readingPosts } from '../../../../sdk/src/client/routes.ts'
import { type OpenServer, openServer, reportRun } from '../testing/open-server.ts'

let server: OpenServer
let url: string
beforeAll(async () => {
  server = await openServer({ token: 'secret' })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => server[Symbol.asyncDispose]())

const yardOf = () => connect(url, { token: 'secret' })
const finish = (run: string) => server.tracking.reported.setState(run, { state: 'completed' })

describe('the TypeScript client', () => {
  test('finds runs page by page, as far as the loop goes', async () => {
    const ids = []
    for (let at = 0; at < 5; at++) {
      const id = await reportRun(server.tracking)
      await server.tracking.reported.log(id, { parameters: { at }, labels: { group: 'pages' } })
      ids.push(id)
    }
    const found = yardOf().runs.search({ filter: 'labels.group = pages', orderBy: 'params.at asc', pageSize: 2 })
    expect((await found.toArray()).map(({ id }) => id)).toEqual(ids)
    const pages: number[] = []
    for await (const page of found.pages()) pages.push(page.length)
    expect(pages).toEqual([2, 2, 1])
    expect(await yardOf().runs.count({ filter: 'labels.group = pages' })).toBe(5)
    expect((await yardOf().runs.get(ids[0]!.slice(0, 30))).parameters).toEqual({ at: 0 })
  })

  test('logs, labels, renames and aborts, and hears every point once until the run has ended', async () => {
    const run = await yardOf().runs.get(await reportRun(server.tracking))
    const heard: [string, number, number][] = []
    const following = (async () => {
      for await (const { key, step, value } of run.metrics.follow()) heard.push([key, step, value])
    })()
    for (let step = 0; step < 3; step++) await run.log({ metrics: { loss: step === 1 ? Number.NaN : 1 / (step + 1) }, step })
    await run.label({ team: 'red' })
    await run.update({ name: 'best', note: 'good' })
    expect((await run.abort({ reason: 'enough' })).state).toBe('aborted')
    await following
    expect(heard).toEqual([
      ['loss', 0, 1],
      ['loss', 1, Number.NaN],
      ['loss', 2, 1 / 3],
    ])
    expect((await run.refresh()).record).toMatchObject({ name: 'best', labels: { team: 'red' } })
    expect((await run.states()).map(({ state }) => state)).toEqual(['running', 'aborted'])
    expect((await run.metrics.list())[0]).toMatchObject({ key: 'loss', pointCount: 3, min: 1 / 3 })
    expect(await run.metrics.points('loss', { fromStep: 2 })).toMatchObject([{ step: 2, value: 1 / 3 }])
  })

  test('follows output as text and gives any range of its bytes', async () => {
    const id = await reportRun(server.tracking)
    const run = await yardOf().runs.get(id)
    let text = ''
    const following = (async () => {
      for await (const piece of run.logs.follow()) text += piece
    })()
    await server.tracking.logs.append(id, [{ offset: 0, timeMs: 1, bytes: Buffer.from('grün ') }])
    await server.tracking.logs.append(id, [{ offset: 6, timeMs: 2, bytes: Buffer.from('und gut\n') }])
    await finish(id)
    await following
    expect(text).toBe('grün und gut\n')
    expect(await run.logs.text()).toBe(text)
    expect(await new Response(await run.logs.bytes({ start: 6, end: 9 })).text()).toBe('und')
  })

  test('keeps following while the server is away and comes back', async () => {
    const id = await reportRun(server.tracking)
    let lost = 0
    const flaky: typeof fetch = async (...request) => {
      if (++lost % 2 === 0) throw new TypeError('connection lost')
      return await fetch(...request)
    }
    const run = await connect(url, { token: 'secret', fetch: flaky }).runs.get(id)
    for (let step = 0; step < 10; step++) await run.log({ metrics: { m: step }, step })
    await finish(id)
    const steps: number[] = []
    for await (const { step } of run.metrics.follow({ keys: ['m'] })) steps.push(step)
    expect(steps).toEqual(Array.from({ length: 10 }, (_, step) => step))
    expect(lost).toBeGreaterThan(10)
  })

  test('goes on following over a server that stops, is replaced and is killed, and proxies that say so', async () => {
    const refusals = [
      () => Response.json({ error: 'Service Unavailable', message: 'Service Unavailable', statusCode: 503 }, { status: 503 }),
      () => new Response('<h1>Bad Gateway</h1>', { status: 502 }),
      () => new Response(null, { status: 504 }),
      () => new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) })),
      () => Promise.reject(new TypeError('connection refused')),
    ]
    const id = await reportRun(server.tracking)
    const asked: string[] = []
    const away: (() => Response | Promise<Response>)[] = []
    const flaky: typeof fetch = async (address, request) => {
      const { pathname } = new URL(new Request(address).url)
      asked.push(pathname)
      // A server that died over the first asking would refuse the second.
      expect(new Headers(request?.headers).has('idempotency-key'), pathname).toBe(false)
      return (await away.shift()?.()) ?? (await fetch(address, request))
    }
    const yard = connect(url, { token: 'secret', fetch: flaky })
    const run = await yard.runs.get(id)
    await server.tracking.reported.log(id, { points: [{ key: 'm', step: 7, timeMs: 1, value: 1 }] })
    await server.tracking.logs.append(id, [{ offset: 0, timeMs: 1, bytes: Buffer.from('told\n') }])
    await finish(id)
    // One more than a single call tries.
    away.push(...refusals)
    const steps: number[] = []
    for await (const { step } of run.metrics.follow()) steps.push(step)
    expect(steps).toEqual([7])
    away.push(...refusals)
    let text = ''
    for await (const piece of run.logs.follow()) text += piece
    expect(text).toBe('told\n')
    away.push(...refusals)
    for await (const change of yard.changes({ after: 'start' })) if (change.kind === 'run' && change.run.id === id) break
    expect(asked.length).toBeGreaterThan(3 * refusals.length)
    away.push(refusals[0]!, refusals[0]!, refusals[0]!, refusals[0]!)
    await expect(run.refresh()).rejects.toMatchObject({ code: 'unavailable' })
  }, 60_000)

  test('knows which operations only read', () => {
    const specs: [string, OperationSpec][] = Object.entries(nativeOperations)
    expect([...readingPosts].toSorted()).toEqual(specs.flatMap(([id, { isRead }]) => (isRead ? [id] : [])).toSorted())
  })

  test('compares runs by whatever names them', async () => {
    const { reported } = server.tracking
    const [first, second, third] = [
      await reportRun(server.tracking),
      await reportRun(server.tracking),
      await reportRun(server.tracking),
    ]
    await reported.setState(first, { name: 'compared' })
    await reported.log(second, { parameters: { eta: 2 } })
    const { runs } = yardOf()
    const { runs: found, parameters } = await runs.compare(['compared', second.slice(0, 30), third, await runs.get(first)])
    expect(found.map(({ id }) => id)).toEqual([first, second, third, first])
    expect(parameters).toMatchObject([{ key: 'eta', differs: true }])
    await expect(runs.compare(['compared', 'nowhere'])).rejects.toMatchObject({ code: 'not_found' })
  })

  test('hears of changes, and goes on behind the last one heard', async () => {
    const stop = new AbortController()
    const changes = yardOf().changes({ after: 'start', signal: stop.signal })
    const id = await reportRun(server.tracking)
    let after = ''
    for await (const change of changes) {
      after = change.id
      if (change.kind === 'run' && change.run.id === id) break
    }
    await finish(id)
    for await (const change of yardOf().changes({ after, signal: stop.signal })) {
      expect(change.kind === 'run' && change.run).toMatchObject({ id, state: 'completed' })
      break
    }
    stop.abort()
  })

  test('registers, promotes and finds models, and streams artifacts', async () => {
    const id = await reportRun(server.tracking, join(server.folder, 'artifacts'))
    const put = await fetch(`${url}/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/model.txt`, {
      method: 'PUT',
      body: 'weights',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/octet-stream' },
    })
    expect(put.status, await put.text()).toBe(200)
    const artifact = await (await yardOf().runs.get(id)).artifact('model.txt')
    expect(await artifact?.text()).toBe('weights')
    expect(await new Response(await artifact!.stream({ start: 2, end: 5 })).text()).toBe('igh')
    expect((await artifact!.tag({ add: ['best'] })).record.tags.toSorted()).toEqual(['best', 'latest'])
    const { models } = yardOf()
    const first = await models.register('iris', { source: 's3://bucket/1', tags: { accuracy: '0.9' } })
    await models.promote(first, 'Production', { reason: 'best so far' })
    await models.setAlias(first, 'champion')
    expect(await models.version('iris@champion')).toMatchObject({ version: 1, stage: 'Production' })
    expect((await models.search().toArray()).map(({ name }) => name)).toEqual(['iris'])
    expect((await models.history('iris')).some(({ reason }) => reason === 'best so far')).toBe(true)
    expect((await models.at('iris', new Date())).versions[0]?.stage).toBe('Production')
  })

  test('refusals are the server’s own errors; no server is told after some tries', async () => {
    const code = async (promise: Promise<unknown>) => {
      const error = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(AppError)
      return (error as AppError).code
    }
    expect(await code(yardOf().runs.get('0'.repeat(32)))).toBe('not_found')
    expect(await code(yardOf().runs.search({ filter: 'metrics.' }).toArray())).toBe('invalid_argument')
    expect(await code(connect(url, { token: 'wrong' }).runs.count())).toBe('permission_denied')
    expect(await code(connect('http://127.0.0.1:9').runs.count())).toBe('unavailable')
    expect(() => connect('127.0.0.1:5000')).toThrow('http://')
  })

  test('needs nothing of Node: it bundles for a page', async () => {
    const entry = fileURLToPath(import.meta.resolve('@trainyard/sdk/client'))
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      minify: true,
      metafile: true,
      conditions: ['trainyard-source'],
    })
    expect(Object.keys(metafile.inputs).filter((path) => /typebox|^node:/.test(path))).toEqual([])
    expect(outputFiles[0]!.contents.length).toBeLessThan(40_000)
  })
})
