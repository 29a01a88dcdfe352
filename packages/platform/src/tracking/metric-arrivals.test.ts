import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Transaction } from '../database/index.ts'
import { createTracking } from './create-tracking.ts'
import { addArrivals } from './metric-arrivals.ts'
import { PointBuffer } from './metric-segment.ts'
import { getRunNumber } from './run-number.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { Tracking } from './tracking.ts'

let temporary: TemporaryDatabase
let tracking: Tracking
let runs = 0
beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  tracking = createTracking(temporary.database)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = async (): Promise<string> => {
  const id = `run-${++runs}`
  await temporary.addRuns(id)
  return id
}
type Point = [step: number, timeMs: number, value: number]
/** Puts points among the arrivals unchecked, as versions did that did not look at times. */
const arrive = (run: string, key: string, points: readonly Point[]): Promise<void> =>
  temporary.database.write(async (transaction) => {
    const buffer = new PointBuffer(key)
    for (const point of points) buffer.push(...point)
    await addArrivals(transaction, [{ run: await getRunNumber(transaction, run), points: [buffer] }])
  })
const rowsOf = (table: 'metric_arrivals' | 'metric_arrivals_aside'): Promise<number> =>
  temporary.database.read(async (reader) => (await reader.arrays(reader.kysely.selectFrom(table).select('number'))).length)

test.each([1e20, -1e308, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
  'a point at the time %d is refused on its way in',
  async (timeMs) => {
    const run = await newRun()
    const points = [{ key: 'm', step: 0, timeMs, value: 1 }]
    await expect(tracking.reported.log(run, { points })).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(tracking.metrics.append(run, points)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await tracking.metrics.series(run)).toEqual([])
  },
)

test('arrived points that no column can hold are passed over with a problem of their run, and those beside them are kept', async () => {
  const [bad, good] = [await newRun(), await newRun()]
  await arrive(bad, 'm', [
    [0, 1, 10],
    [1, 1e20, 11],
    [2 ** 60, 2, 12],
    [3, -1e308, 13],
    [4, 4, 14],
  ])
  await arrive(good, 'm', [[0, 1, 1]])
  expect((await tracking.metrics.history(good, 'm')).length).toBe(1)
  expect(await tracking.metrics.history(bad, 'm')).toEqual([
    { step: 0, timeMs: 1, value: 10 },
    { step: 4, timeMs: 4, value: 14 },
  ])
  expect((await tracking.runs.get(bad)).problems).toEqual([expect.stringContaining("metric 'm' were passed over")])
  expect((await tracking.runs.get(good)).problems).toEqual([])
  expect(await rowsOf('metric_arrivals')).toBe(0)
})

test('a row that cannot be taken in is set aside, and takes down no read', async () => {
  const [bad, good] = [await newRun(), await newRun()]
  await arrive(good, 'm', [[0, 1, 1]])
  const number = await temporary.database.read((reader) => getRunNumber(reader, bad))
  const head = Buffer.from(JSON.stringify([number, null, -1]))
  const unknown = Buffer.concat([Buffer.from(Uint32Array.of(head.length).buffer), head])
  const insert = (transaction: Transaction) =>
    transaction.insertRows(
      'metric_arrivals',
      ['body'],
      [[Uint8Array.of(9, 9)], [Buffer.from('not at all what is expected')], [unknown]],
    )
  await temporary.database.write(insert)
  expect((await tracking.metrics.history(good, 'm')).length).toBe(1)
  expect((await tracking.runs.get(bad)).problems).toEqual([expect.stringContaining('were set aside')])
  expect([await rowsOf('metric_arrivals'), await rowsOf('metric_arrivals_aside')]).toEqual([0, 3])
})

test('a read that finds no run has settled what arrived all the same', async () => {
  await arrive(await newRun(), 'm', [[0, 1, 1]])
  await expect(tracking.metrics.series('no such run')).rejects.toMatchObject({ code: 'not_found' })
  expect(await rowsOf('metric_arrivals')).toBe(0)
})

test('of a long series at one step, points repeated in part are still there once', async () => {
  const run = await newRun()
  const points = Array.from({ length: 2_000 }, (_, at): Point => [0, at, at % 7])
  await arrive(run, 'm', points)
  expect((await tracking.metrics.history(run, 'm')).length).toBe(2_000)
  await arrive(run, 'm', [
    [0, 5, 5],
    [0, 5, 99],
    [0, 2_000, 1],
    [0, 2_000, 2],
    [0, 2_000, 1],
    [-1, 5, 5],
  ])
  const history = await tracking.metrics.history(run, 'm')
  expect(history.length).toBe(2_004)
  expect(history.filter(({ timeMs }) => timeMs === 5).map(({ step, value }) => [step, value])).toEqual([
    [-1, 5],
    [0, 5],
    [0, 99],
  ])
})
