import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenServer, openServer } from '../testing/open-server.ts'

const root = '/api/trainyard/v1'
let server: OpenServer
const ids: string[] = []
beforeAll(async () => {
  server = await openServer()
  for (let at = 0; at < 5; at++) {
    const id = newRunId(1_000 + at)
    ids.push(id)
    await server.tracking.reported.create({
      id,
      experimentId: '0',
      name: `run ${at}`,
      kind: 'run',
      state: 'running',
      owner: 'ada',
      host: '',
      outPath: join(server.folder, 'artifacts', id),
      createdAtMs: 1_000 + at,
    })
    await server.tracking.reported.log(id, {
      points: [{ key: 'auc', step: 1, timeMs: 1, value: at === 2 ? Number.NaN : at / 10 }],
      parameters: { eta: at, kind: `k${at % 2}` },
      labels: { team: 'red' },
    })
  }
})
afterAll(() => server[Symbol.asyncDispose]())

describe('a table of runs', () => {
  test('opens with a window, knows how many there are, and gives the rest by number in the same order', async () => {
    const columns = 'metrics.auc, params.eta, labels.team, metrics.none'
    const window = (await server.ask('GET', `${root}/table/window`, { sort: 'metrics.auc desc', columns, limit: 2 }))
      .json as never as {
      total: number
      rows: { number: number; name: string; values: unknown[] }[]
      newestNumber: number
      change: number
    }
    expect(window.total).toBe(5)
    const { newestNumber, change } = (await server.ask('GET', `${root}/pulse`)).json as never as typeof window
    expect({ newestNumber: window.newestNumber, change: window.change }).toEqual({ newestNumber, change })
    expect(window.rows.map(({ name, values }) => [name, ...values])).toEqual([
      ['run 4', 0.4, 4, 'red', null],
      ['run 3', 0.3, 3, 'red', null],
    ])
    const { numbers } = (await server.ask('GET', `${root}/table/order`, { sort: 'metrics.auc desc' })).json as never as {
      numbers: number[]
    }
    expect(numbers.slice(0, 2)).toEqual(window.rows.map(({ number }) => number))
    const rest = (await server.ask('POST', `${root}/table/rows`, { numbers: numbers.slice(2), columns }))
      .json as never as typeof window
    expect(rest.rows.map(({ name, values }) => [name, values[0]])).toEqual([
      ['run 1', 0.1],
      ['run 0', 0],
      ['run 2', 'NaN'],
    ])
  })

  test('knows its keys, what its runs hold of them, and the values of a field', async () => {
    const keys = (await server.ask('GET', `${root}/table/keys`, { filter: 'params.eta > 2' })).json
    expect(keys).toMatchObject({ sampled: 2 })
    expect(keys['facts']).toContainEqual({
      scope: 'params',
      name: 'eta',
      runCount: 2,
      distinctCount: 2,
      pointCount: 0,
      min: 3,
      max: 4,
    })
    expect(keys['keys']).toContainEqual({ scope: 'labels', name: 'team' })
    expect((await server.ask('GET', `${root}/table/values`, { field: 'params.kind' })).json).toEqual({
      values: ['k0', 'k1'],
      min: null,
      max: null,
    })
    expect((await server.ask('GET', `${root}/table/values`, { field: 'name', limit: 2 })).json['values']).toEqual([
      'run 0',
      'run 1',
    ])
    expect((await server.ask('GET', `${root}/table/counts`)).json).toMatchObject({ runs: 5, running: 5, failed: 0, sweeps: 0 })
    expect((await server.ask('GET', `${root}/pulse`)).json).toMatchObject({ newestNumber: 5, unfinished: 5 })
  })

  test('groups its runs by a parameter, a label or an attribute, with what each group holds of a metric', async () => {
    const by = async (field: string, rest: Record<string, unknown> = {}) =>
      (await server.ask('GET', `${root}/table/groups`, { by: field, metrics: 'metrics.auc, metrics.none', ...rest })).json
    expect(await by('params.kind')).toEqual({
      total: 2,
      groups: [
        {
          value: 'k0',
          name: null,
          runCount: 3,
          failed: 0,
          running: 3,
          newestAtMs: 1_004,
          owner: 'ada',
          ownerCount: 1,
          // NaN is no value to take a mean of.
          metrics: [{ runCount: 2, min: 0, max: 0.4, mean: 0.2 }, null],
        },
        {
          value: 'k1',
          name: null,
          runCount: 2,
          failed: 0,
          running: 2,
          newestAtMs: 1_003,
          owner: 'ada',
          ownerCount: 1,
          metrics: [{ runCount: 2, min: 0.1, max: 0.3, mean: expect.closeTo(0.2) }, null],
        },
      ],
    })
    expect(await by('params.eta', { filter: 'params.eta >= 3' })).toMatchObject({ groups: [{ value: 3 }, { value: 4 }] })
    expect(await by('labels.nobody')).toMatchObject({ total: 1, groups: [{ value: null, runCount: 5 }] })
    expect(await by('owner')).toMatchObject({ groups: [{ value: 'ada', runCount: 5 }] })
    expect(await by('parent')).toMatchObject({ groups: [{ value: null, runCount: 5 }] })
    const refused = await server.ask('GET', `${root}/table/groups`, { by: 'metrics.auc' })
    expect(refused.status).toBe(400)
    expect(JSON.stringify(refused.json)).toContain('cannot be grouped by')
  })

  test('is kept under a title that everybody sees, of one project or of all, until it is deleted', async () => {
    const saved = (
      await server.ask('PUT', `${root}/views/v1`, { title: 'Best first', project: 'default', search: 'sort=metrics.auc desc' })
    ).json
    expect(saved).toMatchObject({ id: 'v1', title: 'Best first', project: 'default', search: 'sort=metrics.auc desc' })
    await server.ask('PUT', `${root}/views/v2`, { title: 'Of all', search: 'flat=true' })
    await server.ask('PUT', `${root}/views/v1`, { title: 'Best, renamed', project: 'default', search: '' })
    const titles = async (query: Record<string, string>) =>
      ((await server.ask('GET', `${root}/views`, query)).json as never as { views: { title: string }[] }).views.map(
        ({ title }) => title,
      )
    expect([await titles({ project: 'default' }), await titles({})]).toEqual([['Best, renamed'], ['Of all']])
    for (const _ of [1, 2]) expect((await server.ask('DELETE', `${root}/views/v1?project=default`)).status).toBe(200)
    expect(await titles({ project: 'default' })).toEqual([])
    expect((await server.ask('PUT', `${root}/views/a%2Fb`, { title: 'x', search: '' })).status).toBe(400)
  })
})
