import { newRunId } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTracking } from './create-tracking.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { Tracking } from './tracking.ts'

let temporary: TemporaryDatabase
let tracking: Tracking
beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  tracking = createTracking(temporary.database)
  await tracking.experiments.ensureDefault()
})
afterAll(() => temporary[Symbol.asyncDispose]())

const create = async (experimentId = '0'): Promise<string> => {
  const id = newRunId(1_000)
  await tracking.reported.create({
    id,
    experimentId,
    name: 'run',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: '',
    outPath: '/out',
  })
  return id
}

describe('points reported by a client', () => {
  test('are there once however they are repeated, mixed and split, and the latest is of the highest step, time and value', async () => {
    const point = fc.record({
      key: fc.constantFrom('a', 'b'),
      step: fc.integer({ min: -2, max: 3 }),
      timeMs: fc.integer({ min: 0, max: 3 }),
      value: fc.constantFrom(0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(point, { maxLength: 8 }), { maxLength: 5 }), async (batches) => {
        const run = await create()
        for (const points of [...batches, ...batches]) await tracking.reported.log(run, { points })
        for (const key of ['a', 'b']) {
          const wanted = new Map(
            batches
              .flat()
              .filter((each) => each.key === key)
              .map((each) => [`${each.step} ${each.timeMs} ${each.value}`, each]),
          )
          const found = await tracking.metrics.history(run, key)
          expect(found.map((each) => `${each.step} ${each.timeMs} ${each.value}`).toSorted()).toEqual(
            [...wanted.keys()].toSorted(),
          )
          const order = [...wanted.values()].toSorted(
            (left, right) =>
              left.step - right.step ||
              left.timeMs - right.timeMs ||
              (Object.is(left.value || 0, right.value || 0) ? 0 : (left.value || 0) - (right.value || 0)),
          )
          const latest = (await tracking.metrics.latest([run])).get(run)?.find((each) => each.key === key)
          expect([latest?.step, latest?.timeMs, (latest?.value ?? 0) || 0]).toEqual([
            order.at(-1)?.step,
            order.at(-1)?.timeMs,
            (order.at(-1)?.value ?? 0) || 0,
          ])
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a batch is stored whole or not at all', async () => {
    const run = await create()
    await tracking.reported.log(run, { parameters: { p: 1 } })
    const batch = { points: [{ key: 'm', step: 0, timeMs: 1, value: 1 }], labels: { l: 'x' }, name: 'renamed' }
    await expect(tracking.reported.log(run, { ...batch, parameters: { p: 2 } })).rejects.toMatchObject({
      code: 'failed_precondition',
    })
    expect(await tracking.runs.get(run)).toMatchObject({ name: 'run', parameters: { p: 1 }, results: {}, labels: {} })
    await tracking.reported.log(run, { ...batch, parameters: { p: '1.0' } })
    expect(await tracking.runs.get(run)).toMatchObject({
      name: 'renamed',
      parameters: { p: 1 },
      results: { m: 1 },
      labels: { l: 'x' },
    })
  })
})

describe('experiments', () => {
  test('take their runs to the trash and back', async () => {
    const { id } = await tracking.experiments.create({ project: 'p', name: 'trip', tags: { a: '1' } })
    const run = await create(id)
    await tracking.experiments.trash(id)
    expect((await tracking.runs.get(run)).trashedAtMs).not.toBeNull()
    await expect(tracking.reported.log(run, { labels: { a: 'b' } })).rejects.toMatchObject({ code: 'failed_precondition' })
    await expect(create(id)).rejects.toMatchObject({ code: 'failed_precondition' })
    await expect(tracking.experiments.trash(id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(tracking.experiments.rename(id, 'x')).rejects.toMatchObject({ code: 'failed_precondition' })
    await tracking.experiments.restore(id)
    expect((await tracking.runs.get(run)).trashedAtMs).toBeNull()
  })

  test('of one name there is one in a project, in the trash or not', async () => {
    const both = [0, 1].map(() => tracking.experiments.create({ project: 'p', name: 'twin' }))
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await tracking.experiments.create({ project: 'q', name: 'twin' })
    const twin = await tracking.experiments.findByName('p', 'twin')
    await tracking.experiments.trash(twin!.id)
    await expect(tracking.experiments.create({ project: 'p', name: 'twin' })).rejects.toMatchObject({ code: 'already_exists' })
  })

  test('pages in any order meet every one once', async () => {
    const project = 'pages'
    for (let at = 0; at < 7; at++)
      await tracking.experiments.create({ project, name: `e${at}`, tags: { parity: String(at % 2) } })
    for (const field of ['id', 'name', 'created', 'updated'] as const) {
      for (const direction of ['ascending', 'descending'] as const) {
        const names: string[] = []
        let cursor: string | undefined
        do {
          const page = await tracking.experiments.search({
            project,
            sort: [{ field, direction }],
            limit: 2,
            ...(cursor === undefined ? {} : { cursor }),
          })
          names.push(...page.experiments.map(({ name }) => name))
          cursor = page.next ?? undefined
        } while (cursor !== undefined)
        expect(names.toSorted()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6'])
        if (field === 'name' || field === 'id') expect(names[0]).toBe(direction === 'ascending' ? 'e0' : 'e6')
      }
    }
    const odd = await tracking.experiments.search({
      project,
      conditions: [{ field: { scope: 'tag', name: 'parity' }, operator: '!=', value: '0' }],
      sort: [{ field: 'name', direction: 'ascending' }],
    })
    expect(odd.experiments.map(({ name }) => name)).toEqual(['e1', 'e3', 'e5'])
  })
})

describe('points that have arrived', () => {
  const point = { key: 'm', step: 1, timeMs: 2, value: 3 }

  test('are seen by another process at once, and settled by it', async () => {
    const run = await create()
    await tracking.reported.log(run, { points: [point] })
    const other = createTracking(await temporary.openAnother())
    expect(await other.metrics.history(run, 'm')).toEqual([{ step: 1, timeMs: 2, value: 3 }])
    expect((await tracking.runs.get(run)).results).toEqual({ m: 3 })
  })

  test('of many clients at once are stored with one another, and only those to a run that cannot be written to are refused', async () => {
    const [one, two, trashed] = [await create(), await create(), await create()]
    await tracking.reported.trash(trashed)
    const log = (run: string, step: number) => tracking.reported.log(run, { points: [{ ...point, step }] })
    const outcomes = await Promise.allSettled([log(one, 1), log(trashed, 1), log(two, 1), log(newRunId(1_000), 1), log(one, 2)])
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'stored')),
    ).toEqual(['stored', 'failed_precondition', 'stored', 'not_found', 'stored'])
    expect((await tracking.metrics.history(one, 'm')).map(({ step }) => step)).toEqual([1, 2])
    expect((await tracking.metrics.history(two, 'm')).map(({ step }) => step)).toEqual([1])
    expect(await tracking.metrics.history(trashed, 'm')).toEqual([])
  })

  test('before an attempt is repeated belong to the attempt that is forgotten', async () => {
    const run = await create()
    await tracking.reported.log(run, { points: [point] })
    await tracking.runs.transition(run, { to: 'failed' })
    await tracking.runs.transition(run, { to: 'pending', anew: true })
    expect(await tracking.metrics.history(run, 'm')).toEqual([])
  })
})
