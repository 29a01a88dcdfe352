import { AppError, type JsonValue } from '@trainyard/contract'
import { type Database, type Reader, numberListQuery } from '../database/index.ts'
import { settleArrivals } from './metric-arrivals.ts'
import { readArrived, readHistory, readSampled } from './metric-history.ts'
import { latestPoints, readAllSeries, readSeries, storePoints } from './metric-ingest.ts'
import { type PointBuffer, toPoints } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'
import { PointGroups } from './point-groups.ts'
import { getRunNumber, readByRunId } from './run-number.ts'
import type { LatestPoint, MetricRecords } from './tracking.ts'

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
    latest: (runIds) => database.read((reader) => readByRunId(reader, runIds, latestPoints)),
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

const resultsQuery = numberListQuery(({ kysely }, runs) =>
  kysely.selectFrom('results').select(['run', 'key', 'value']).where('run', 'in', runs).orderBy('run').orderBy('key'),
)

/**
 * What `RunRecord.results` holds, for many runs at once: the value of the latest point of every series, and the results that are
 * not numbers. Runs without any are missing from the map.
 */
export async function latestMany(
  reader: Reader,
  runs: readonly number[],
  points: Promise<Map<number, LatestPoint[]>> = latestPoints(reader, runs),
): Promise<Map<number, Record<string, JsonValue>>> {
  const found = new Map<number, Record<string, JsonValue>>()
  const resultsOf = (run: number): Record<string, JsonValue> => {
    let results = found.get(run)
    // No prototype, so that a metric called `__proto__` is a metric.
    if (!results) found.set(run, (results = Object.create(null) as Record<string, JsonValue>))
    return results
  }
  const [others, latest] = await Promise.all([reader.arrays(resultsQuery(reader, runs)), points])
  for (const [run, series] of latest) {
    const results = resultsOf(run)
    for (const { key, value } of series) results[key] = value
  }
  for (const [run, key, value] of others) resultsOf(run as number)[key as string] = JSON.parse(value as string) as JsonValue
  return found
}
