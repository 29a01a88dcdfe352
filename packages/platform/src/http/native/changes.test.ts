import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../database/index.ts'
import { createTracking } from '../../tracking/index.ts'
import { type OpenServer, openServer, reportRun } from '../testing/open-server.ts'
import { listen } from '../testing/listen.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
let address: string
beforeAll(async () => {
  server = await openServer()
  address = await server.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the stream of one run', () => {
  test('tells states, metrics and output until the run ends, and goes on where it was cut off', async () => {
    const run = await reportRun(server.tracking)
    await server.tracking.logs.append(run, [{ offset: 0, timeMs: 1, bytes: Buffer.from('hello') }])
    await server.tracking.reported.log(run, { points: [{ key: 'm', step: 1, timeMs: 1, value: 2 }] })
    await server.tracking.reported.setState(run, { state: 'completed' })
    const whole = await server.ask('GET', `${root}/runs/${run}/changes`)
    const events = Array.from(whole.text.matchAll(/^event: (\w+)$/gm), ([, event]) => event)
    expect(events).toEqual(['state', 'state', 'metrics', 'output', 'end'])
    expect(whole.text).toContain(Buffer.from('hello').toString('base64'))
    const rest = await server.ask('GET', `${root}/runs/${run}/changes`, undefined, { 'last-event-id': '1-3' })
    expect(rest.text.match(/event: state/g)).toHaveLength(1)
    expect(rest.text).toContain(Buffer.from('lo').toString('base64'))
    expect((await server.ask('GET', `${root}/runs/${'0'.repeat(32)}/changes`)).status).toBe(404)
  })
})

describe('the stream of everything', () => {
  test('tells runs, states, metrics, output, artifacts and models as they change', async () => {
    await using heard = await listen(`${address}${root}/changes`)
    await heard.until(({ event }) => event === 'hello')
    const run = await reportRun(server.tracking)
    await heard.until(({ event, data }) => event === 'run' && data.run.id === run && data.run.state === 'running')
    await server.tracking.reported.log(run, { points: [{ key: 'm', step: 1, timeMs: 1, value: 2 }] })
    const metrics = await heard.until(({ event, data }) => event === 'metrics' && data.run === run)
    expect(metrics.data.metrics).toEqual([{ key: 'm', step: 1, timeMs: 1, value: 2 }])
    await server.tracking.logs.append(run, [{ offset: 0, timeMs: 1, bytes: Buffer.from('hello') }])
    expect((await heard.until(({ event }) => event === 'output')).data).toMatchObject({ run, sizeBytes: 5 })
    await server.registry.models.create({ project: 'default', name: 'iris' }, { by: 'ada', via: 'test' })
    expect((await heard.until(({ event }) => event === 'model')).data).toMatchObject({
      name: 'iris',
      kind: 'model_created',
      by: 'ada',
    })
    await server.tracking.reported.setState(run, { state: 'completed' })
    const ended = await heard.until(({ event, data }) => event === 'run' && data.run.state === 'completed')
    expect(ended.data.states.map(({ state }: { state: string }) => state)).toEqual(['running', 'completed'])
    await server.tracking.runs.trash([run], 1)
    await server.tracking.runs.purge([run])
    expect((await heard.until(({ event }) => event === 'removed')).data).toMatchObject({ run })
  })

  test('goes on behind the last event heard, also with what another process wrote and on another server', async () => {
    await using first = await listen(`${address}${root}/changes`)
    const { id } = await first.until(({ event }) => event === 'hello')
    await first[Symbol.asyncDispose]()
    const database = await openDatabase(server.place)
    const elsewhere = createTracking(database)
    const runs = [await reportRun(elsewhere), await reportRun(elsewhere)]
    await database.close()
    const heard: string[] = []
    let last = id!
    for (const run of runs) {
      await using again = await listen(`${address}${root}/changes`, { 'last-event-id': last })
      const found = await again.until(({ event, data }) => event === 'run' && data.run.id === run)
      heard.push(found.data.run.id as string)
      last = found.id!
    }
    expect(heard).toEqual(runs)
    await using none = await listen(`${address}${root}/changes?project=other`, { 'last-event-id': id! })
    const fresh = await reportRun(server.tracking)
    await server.tracking.experiments.create({ project: 'other', name: fresh })
    expect((await none.until(({ event }) => event !== 'hello')).event).toBe('experiment')
  })
})
