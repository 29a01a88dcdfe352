import type { MetricPoint } from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetricRecords, latestMany } from './metric-records.ts'
import { forgetPoints } from './metric-ingest.ts'
import { getRunNumber } from './run-number.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { MetricRecords } from './tracking.ts'

let temporary: TemporaryDatabase
let metrics: MetricRecords
let runs = 0

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  metrics = createMetricRecords(temporary.database)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = async (): Promise<string> => {
  const id = `run-${++runs}`
  await temporary.addRuns(id)
  return id
}
const appendValues = (run: string, values: readonly number[], step = (index: number) => index) =>
  metrics.append(
    run,
    values.map((value, index) => ({ key: 'loss', step: step(index), timeMs: 1000 + index, value })),
  )

const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0))
const point = fc.record({ key: fc.constantFrom('a', 'b', '__proto__'), step: fc.integer({ min: -20, max: 20 }), value })

describe('append and history', () => {
  test('every point comes back in order of step, then of arrival, however it was batched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(point, { maxLength: 40 }), { maxLength: 8 }), async (batches) => {
        const run = await newRun()
        let time = 0
        const all = batches.map((batch) => batch.map((each) => ({ ...each, timeMs: ++time })))
        for (const batch of all) await metrics.append(run, batch)
        for (const key of ['a', 'b', '__proto__']) {
          const expected = all
            .flat()
            .filter((each) => each.key === key)
            .map(({ step, timeMs, value: number }) => ({ step, timeMs, value: number }))
            .sort((left, right) => left.step - right.step)
          expect(await metrics.history(run, key)).toEqual(expected)
          const info = (await metrics.series(run)).find((series) => series.key === key)
          expect(info?.pointCount ?? 0).toBe(expected.length)
          const last = expected.at(-1)
          // The database keeps no sign of a zero beside the series; the points do.
          expect(info?.last).toEqual(last && { ...last, value: last.value + 0 })
          const numbers = expected.map((each) => each.value + 0).filter((each) => !Number.isNaN(each))
          const extremes = numbers.length > 0 ? [Math.min(...numbers), Math.max(...numbers)] : [null, null]
          expect([info?.min ?? null, info?.max ?? null]).toEqual(extremes)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('points fill segments up, whatever the size of the batches', async () => {
    const run = await newRun()
    const values = Array.from({ length: 3000 }, (_, index) => Math.sin(index))
    let at = 0
    for (const size of [1, 334, 1, 1, 700, 3, 960, 1000]) {
      const part = values.slice(at, at + size)
      const start = at
      await metrics.append(
        run,
        part.map((each, index) => ({ key: 'loss', step: start + index, timeMs: start + index, value: each })),
      )
      at += size
    }
    expect((await metrics.history(run, 'loss')).map((each) => each.value)).toEqual(values)
    const rows = await temporary.database.read(async (reader) =>
      reader.arrays(
        reader.kysely
          .selectFrom('metric_segments')
          .innerJoin('metric_series', 'metric_series.number', 'metric_segments.series')
          .select('metric_segments.point_count')
          .where('run', '=', await getRunNumber(reader, run))
          .orderBy('ordinal'),
      ),
    )
    expect(rows.flat()).toEqual([336, 336, 336, 336, 336, 336, 336, 336, 312])
  })

  test('a range and a limit take a part', async () => {
    const run = await newRun()
    await appendValues(run, [1, 2, 3, 4, 5], (index) => index - 2)
    const values = async (range: object) => (await metrics.history(run, 'loss', range)).map((each) => each.value)
    expect(await values({ fromStep: -1, toStep: 1 })).toEqual([2, 3, 4])
    expect(await values({ limit: 2 })).toEqual([1, 2])
    expect(await values({ fromStep: 5 })).toEqual([])
    expect(await metrics.history(run, 'unknown')).toEqual([])
  })

  test('the latest value is that of the highest step, of equal ones the later', async () => {
    const run = await newRun()
    await appendValues(run, [1, 2, 3, 4], (index) => [0, 7, 7, 3][index]!)
    expect((await metrics.series(run))[0]).toMatchObject({ last: { step: 7, value: 3 }, min: 1, max: 4 })
  })

  test('a step that is no integer is refused by name and nothing is stored', async () => {
    const run = await newRun()
    const points = [1, 1.5].map((step) => ({ key: 'loss', step, timeMs: 1, value: 1 }))
    await expect(metrics.append(run, points)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "The step of metric 'loss' must be an integer, not 1.5.",
    })
    expect(await metrics.series(run)).toEqual([])
    await expect(metrics.append('nobody', [])).rejects.toMatchObject({ code: 'not_found' })
  })

  test('two writers of one series lose nothing', async () => {
    const run = await newRun()
    const other = createMetricRecords(await temporary.openAnother())
    const append = async (records: MetricRecords, from: number) => {
      for (let index = 0; index < 40; index++)
        await records.append(run, [{ key: 'loss', step: from + index, timeMs: 1, value: from + index }])
    }
    await Promise.all([append(metrics, 0), append(other, 1000)])
    expect(new Set((await metrics.history(run, 'loss')).map((each) => each.value)).size).toBe(80)
  })

  test('latestMany gives the results of many runs, NaN included, and forgetPoints leaves none of a purged one', async () => {
    const [first, second] = [await newRun(), await newRun()]
    await appendValues(first, [1, Number.NaN])
    await appendValues(second, [-Infinity])
    const numbers = await temporary.database.read(async (reader) => [
      await getRunNumber(reader, first),
      await getRunNumber(reader, second),
    ])
    const latest = await temporary.database.read((reader) => latestMany(reader, numbers))
    expect(numbers.map((number) => ({ ...latest.get(number) }))).toEqual([{ loss: Number.NaN }, { loss: -Infinity }])
    await temporary.database.write((transaction) => forgetPoints(transaction, [numbers[0]!]))
    expect(await metrics.history(first, 'loss')).toEqual([])
    expect(await metrics.history(second, 'loss')).toHaveLength(1)
  })
})

describe('sampled', () => {
  const spikeSteps = [0, 1, 17, 335, 336, 4999, 7500, 9998, 9999]
  const withSpikes = Array.from({ length: 10_000 }, (_, index) => {
    const spike = spikeSteps.indexOf(index)
    return spike < 0 ? Math.sin(index / 100) : spike % 2 === 0 ? 100 + spike : -100 - spike
  })
  const orders: Record<string, (index: number) => number> = {
    'in order': (index) => index,
    backwards: (index) => 10_000 - index,
    shuffled: (index) => (index * 7919) % 10_000,
    'all at one step': () => 3,
    'crowded at a few steps': (index) => (index % 3 === 0 ? 1_000_000_000 : index % 2),
  }
  const isInOrder = (points: readonly MetricPoint[]) =>
    points.every((each, index) => index === 0 || points[index - 1]!.step <= each.step)

  test.each(Object.entries(orders))('keeps every spike of a series logged %s', async (_, step) => {
    const run = await newRun()
    await appendValues(run, withSpikes, step)
    const points = await metrics.sampled(run, 'loss', { maxPoints: 1000 })
    expect(points.length).toBeLessThanOrEqual(1000)
    expect(points.length).toBeGreaterThan(500)
    expect(isInOrder(points)).toBe(true)
    const spikes = points.map((each) => each.value).filter((each) => Math.abs(each) >= 100)
    expect(spikes.sort((left, right) => left - right)).toEqual(
      withSpikes.filter((each) => Math.abs(each) >= 100).sort((left, right) => left - right),
    )
  })

  test('shows NaN and infinities among many points', async () => {
    const run = await newRun()
    const special = new Map([
      [0, Number.NaN],
      [1234, Number.NaN],
      [1235, Infinity],
      [1236, -Infinity],
      [4999, Number.NaN],
    ])
    await appendValues(
      run,
      Array.from({ length: 5000 }, (_, index) => special.get(index) ?? 1),
    )
    const points = await metrics.sampled(run, 'loss', { maxPoints: 100 })
    expect(points.length).toBeLessThanOrEqual(100)
    for (const [step, expected] of special) expect(points).toContainEqual({ step, timeMs: 1000 + step, value: expected })
    const all = Array.from({ length: 5000 }, () => Number.NaN)
    const other = await newRun()
    await appendValues(other, all)
    expect((await metrics.sampled(other, 'loss', { maxPoints: 100 })).length).toBeGreaterThan(10)
  })

  test('is the same as the history when there is little, also inside a range', async () => {
    const run = await newRun()
    await appendValues(run, withSpikes, (index) => (index * 7919) % 10_000)
    const range = { fromStep: 4000, toStep: 4499 }
    expect(await metrics.sampled(run, 'loss', { maxPoints: 500, ...range })).toEqual(await metrics.history(run, 'loss', range))
    const ordered = await newRun()
    await appendValues(ordered, withSpikes)
    expect(await metrics.sampled(ordered, 'loss', { maxPoints: 500, ...range })).toEqual(
      await metrics.history(ordered, 'loss', range),
    )
    const sampled = await metrics.sampled(ordered, 'loss', { maxPoints: 100, fromStep: 300, toStep: 5100 })
    expect(sampled.at(0)!.step).toBe(300)
    expect(sampled.at(-1)!.step).toBe(5100)
    expect(sampled.map((each) => each.step)).toEqual(expect.arrayContaining([335, 336, 4999]))
  })

  test('is part of the history, with its ends, its extremes and its specials, for any points', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ step: fc.integer({ min: -5, max: 500 }), value }), { minLength: 1, maxLength: 900 }),
        fc.integer({ min: 7, max: 120 }),
        async (points, maxPoints) => {
          const run = await newRun()
          await metrics.append(
            run,
            points.map((each, index) => ({ key: 'loss', timeMs: index, ...each })),
          )
          const history = await metrics.history(run, 'loss')
          const sampled = await metrics.sampled(run, 'loss', { maxPoints })
          expect(sampled.length).toBeLessThanOrEqual(Math.max(maxPoints, 7))
          const times = new Map(history.map((each, index) => [each.timeMs, index]))
          const places = sampled.map((each) => times.get(each.timeMs)!)
          expect(places).toEqual([...new Set(places)].sort((left, right) => left - right))
          expect([sampled[0], sampled.at(-1)]).toEqual([history[0], history.at(-1)])
          const finite = (list: readonly MetricPoint[]) => list.map((each) => each.value).filter(Number.isFinite)
          // Zero and minus zero are one extreme.
          expect(Math.min(...finite(sampled)) + 0).toBe(Math.min(...finite(history)) + 0)
          expect(Math.max(...finite(sampled)) + 0).toBe(Math.max(...finite(history)) + 0)
          const specials = (list: readonly MetricPoint[]) =>
            new Set(list.map((each) => each.value).filter((each) => !Number.isFinite(each)))
          expect(specials(sampled)).toEqual(specials(history))
        },
      ),
      { numRuns: 60 },
    )
  })
})
