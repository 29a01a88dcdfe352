import { AppError, type JsonValue } from '@trainyard/contract'
import { type Database, type Reader, boundValuesPerQuery } from '../database/index.ts'
import { settleArrivals } from './metric-arrivals.ts'
import { readArrived, readHistory, readSampled } from './metric-history.ts'
import { latestPoints, readAllSeries, readSeries, storePoints } from './metric-ingest.ts'
import { type PointBuffer, toPoints } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'
import { PointGroups } from './point-groups.ts'
import { getRunNumber } from './run-number.ts'
import type { MetricRecords } from './tracking.ts'

export function createMetricRecords(database: Database): MetricRecords {
  const withSeries = <Result>(runId: string, key: string, read: (reader: Reader, series: SeriesState) => Promise<Result>) =>
    database.read(async (reader) => {
      const [series] = await readSeries(reader, await getRunNumber(reader, runId), [key])
      return series && (await read(reader, series))
    })
  const numbers: MetricRecords['numbers'] = async (runId, key, { fromStep, toStep, limit = Number.POSITIVE_INFINITY } = {}) =>
    (await withSeries(runId, key, (reader, series) => readHistory(reader, series, { ...rangeOf(fromStep, toStep), limit }))) ??
    new Float64Array(0)

  return {
    append: async (runId, points) => {
      const buffers = groupPoints(points)
      await database.write(async (transaction) => {
        await settleArrivals(transaction)
        await storePoints(transaction, await getRunNumber(transaction, runId), buffers)
      })
    },
    series: (runId) =>
      database.read(async (reader) =>
        (await readAllSeries(reader, await getRunNumber(reader, runId))).map((series) => ({
          key: series.key,
          pointCount: series.pointCount,
          last: { step: series.lastStep, timeMs: series.lastTimeMs, value: series.lastValue },
          min: series.min,
          max: series.max,
          ...(series.earlierCount > 0 && { earlier: { count: series.earlierCount, lastStep: series.earlierStep } }),
        })),
      ),
    history: async (runId, key, range) => toPoints(await numbers(runId, key, range)),
    numbers,
    arrived: (runId, { keys, seen, limit }) =>
      database.read(async (reader) => {
        const run = await getRunNumber(reader, runId)
        const all = keys ? await readSeries(reader, run, keys) : await readAllSeries(reader, run)
        return await readArrived(reader, all, { seen, limit })
      }),
    latest: (runIds) => database.read((reader) => latestPoints(reader, runIds)),
    sampled: async (runId, key, { maxPoints, fromStep, toStep }) => {
      if (!(maxPoints >= 1)) throw new AppError('invalid_argument', `maxPoints must be 1 or more, not ${maxPoints}.`)
      const points = await withSeries(runId, key, (reader, series) =>
        readSampled(reader, series, { ...rangeOf(fromStep, toStep), maxPoints }),
      )
      return points ?? []
    },
  }
}

const rangeOf = (fromStep = Number.NEGATIVE_INFINITY, toStep = Number.POSITIVE_INFINITY) => ({ from: fromStep, to: toStep })

/** The points by key, checked. */
export function groupPoints(points: Parameters<MetricRecords['append']>[1]): PointBuffer[] {
  const groups = new PointGroups(points.length)
  for (const { key, step, timeMs, value } of points) groups.add(key, step, timeMs, value)
  return groups.buffers
}

/**
 * What `RunRecord.results` holds, for many runs at once: the latest value of every series and the results that are not numbers.
 * Runs without any are missing from the map.
 */
export async function latestMany(reader: Reader, runs: readonly number[]): Promise<Map<number, Record<string, JsonValue>>> {
  const found = new Map<number, Record<string, JsonValue>>()
  const put = (run: number, key: string, value: JsonValue) => {
    let results = found.get(run)
    if (!results) {
      // No prototype, so that a metric called `__proto__` is a metric.
      results = Object.create(null) as Record<string, JsonValue>
      found.set(run, results)
    }
    results[key] = value
  }
  for (let at = 0; at < runs.length; at += boundValuesPerQuery) {
    const part = runs.slice(at, at + boundValuesPerQuery)
    const { kysely, dialect } = reader
    const numbers = kysely
      .selectFrom('metric_series')
      .select(['run', 'key', 'last_value'])
      .where('run', 'in', dialect.numberList(part))
      .orderBy('run')
      .orderBy('key')
    for (const [run, key, value] of await reader.arrays(numbers))
      put(run as number, key as string, (value as number | null) ?? Number.NaN)
    const others = kysely
      .selectFrom('results')
      .select(['run', 'key', 'value'])
      .where('run', 'in', dialect.numberList(part))
      .orderBy('run')
      .orderBy('key')
    for (const [run, key, value] of await reader.arrays(others))
      put(run as number, key as string, JSON.parse(value as string) as JsonValue)
  }
  return found
}
