import { type ColumnValue, type Reader, type Transaction, boundValuesPerQuery, numberListQuery } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { PointBuffer, decodePoints, encodePoints, numbersPerPoint, pointsPerSegment, stepRangeOf } from './metric-segment.ts'
import { withoutKnown } from './metric-once.ts'
import { type SeriesState, newSeries, withPoints } from './metric-series.ts'
import type { LatestPoint } from './tracking.ts'

const seriesColumns = [
  'run',
  'key',
  'point_count',
  'last_step',
  'last_time',
  'last_value',
  'min_value',
  'max_value',
  'is_ordered',
  'open_ordinal',
  'earlier_count',
  'earlier_step',
] as const
const segmentColumns = ['series', 'ordinal', 'point_count', 'low_step', 'high_step', 'body'] as const
const stateColumns = ['metric_series.number', ...seriesColumns.slice(1).map((name) => `metric_series.${name}` as const)] as const

const toState = (row: ColumnValue[]): SeriesState => {
  const [number, key, pointCount, lastStep, lastTimeMs, lastValue, min, max, isOrdered, openOrdinal, earlierCount, earlierStep] =
    row
  return {
    number: number as number,
    key: key as string,
    pointCount: pointCount as number,
    lastStep: lastStep as number,
    lastTimeMs: lastTimeMs as number,
    lastValue: (lastValue as number | null) ?? Number.NaN,
    min: min as number | null,
    max: max as number | null,
    isOrdered: isOrdered === 1,
    openOrdinal: openOrdinal as number,
    earlierCount: earlierCount as number,
    earlierStep: earlierStep as number,
  }
}

const seriesOf = (reader: Reader, run: number) =>
  reader.kysely.selectFrom('metric_series').select(stateColumns).where('metric_series.run', '=', run)

/** The series of a run, in order of their keys. */
export const readAllSeries = async (reader: Reader, run: number): Promise<SeriesState[]> =>
  (await reader.arrays(seriesOf(reader, run).orderBy('key'))).map(toState)

const latestQuery = numberListQuery(({ kysely }, runs) =>
  kysely
    .selectFrom('metric_series')
    .select(['run', 'key', 'last_step', 'last_time', 'last_value'])
    .where('run', 'in', runs)
    .orderBy('run')
    .orderBy('key'),
)

/** The latest point of every series, by run; in order of their keys. Runs without any are missing from the map. */
export async function latestPoints(reader: Reader, runs: readonly number[]): Promise<Map<number, LatestPoint[]>> {
  const found = new Map<number, LatestPoint[]>()
  for (const [run, key, step, timeMs, value] of await reader.arrays(latestQuery(reader, runs))) {
    const point = {
      key: key as string,
      step: step as number,
      timeMs: timeMs as number,
      value: (value as number | null) ?? Number.NaN,
    }
    const points = found.get(run as number)
    if (points) points.push(point)
    else found.set(run as number, [point])
  }
  return found
}

/** Those of the series that exist, in any order. */
export async function readSeries(reader: Reader, run: number, keys: readonly string[]): Promise<SeriesState[]> {
  const found: SeriesState[] = []
  for (const part of keyParts(keys)) {
    for (const row of await reader.arrays(seriesOf(reader, run).where('key', 'in', part))) found.push(toState(row))
  }
  return found
}

/** As `readSeries`, with the numbers of the segment that still grows. */
async function readOpenSeries(reader: Reader, run: number, keys: readonly string[]): Promise<OpenSeries[]> {
  const found: OpenSeries[] = []
  for (const part of keyParts(keys)) {
    const query = seriesOf(reader, run)
      .leftJoin('metric_segments as open', (join) =>
        join.onRef('open.series', '=', 'metric_series.number').onRef('open.ordinal', '=', 'metric_series.open_ordinal'),
      )
      .select('open.body')
      .where('key', 'in', part)
    for (const row of await reader.arrays(query)) {
      const body = row[stateColumns.length] as Uint8Array | null
      found.push({ state: toState(row), open: body ? decodePoints(body) : noNumbers })
    }
  }
  return found
}

interface OpenSeries {
  state: SeriesState
  open: Float64Array
}

const noNumbers = new Float64Array(0)

/** Lists of keys in a few lengths only, so that a few prepared statements serve them all; a repeated key changes nothing. */
function* keyParts(keys: readonly string[]): Generator<string[]> {
  for (let at = 0; at < keys.length; at += boundValuesPerQuery) {
    const part = keys.slice(at, at + boundValuesPerQuery)
    const length = 2 ** Math.ceil(Math.log2(part.length))
    while (part.length < length) part.push(part[0]!)
    yield part
  }
}

/**
 * Appends points to the series of a run, made when missing, and returns the new state of each. A key comes once at most.
 * A result of the same name that is not a number gives way: the latest word counts. With `once`, points that are there already are
 * passed over, and of the highest step the one of the highest time is the latest.
 */
export async function storePoints(
  transaction: Transaction,
  run: number,
  buffers: readonly PointBuffer[],
  { once = false }: { once?: boolean } = {},
): Promise<SeriesState[]> {
  let filled: Pick<PointBuffer, 'key' | 'numbers' | 'count'>[] = buffers.filter((buffer) => buffer.count > 0)
  if (filled.length === 0) return []
  const known = new Map<string, OpenSeries>()
  for (const series of await readOpenSeries(
    transaction,
    run,
    filled.map((buffer) => buffer.key),
  ))
    known.set(series.state.key, series)
  for (const { key, numbers } of filled) {
    const series = known.get(key)
    if (series && isRepeated(series.state, numbers)) known.set(key, await withoutRepeated(transaction, series.state, numbers))
  }
  const openOf = (key: string): OpenSeries => known.get(key) ?? { state: newSeries(key), open: noNumbers }
  if (once) filled = await onlyNew(transaction, filled, openOf)
  if (filled.length === 0) return []
  const before = filled.map((buffer) => openOf(buffer.key))
  const after = filled.map((buffer, index) => withPoints(before[index]!.state, buffer.numbers, once ? 'time' : 'arrival'))

  await transaction.insertRows(
    'metric_series',
    seriesColumns,
    after.map((state) => toRow(run, state)),
    {
      onConflict: { replace: ['run', 'key'] },
    },
  )
  await addNumbers(transaction, run, after)
  const segments = filled.flatMap((buffer, index) => toSegments(after[index]!.number!, before[index]!, buffer.numbers))
  await transaction.insertRows('metric_segments', segmentColumns, segments, { onConflict: { replace: ['series', 'ordinal'] } })
  await dropResults(transaction, run, after)
  await noteChange(transaction, 'metrics', run)
  return after
}

const isRepeated = ({ earlierCount, earlierStep }: SeriesState, numbers: Float64Array): boolean =>
  earlierCount > 0 && stepRangeOf(numbers).low <= earlierStep

/**
 * Drops what earlier attempts have logged at the steps that this one logs now, and behind them. It happens when an attempt first comes
 * to a series, and again only if it goes back, so that reading the whole series is no matter.
 */
async function withoutRepeated(transaction: Transaction, state: SeriesState, numbers: Float64Array): Promise<OpenSeries> {
  const { low } = stepRangeOf(numbers)
  const series = state.number!
  const earlier = new PointBuffer(state.key)
  const own = new PointBuffer(state.key)
  let ordinal = 0
  for (const points of await readAllPoints(transaction, series)) {
    for (let at = 0; at < points.length; at += numbersPerPoint, ordinal++) {
      const isEarlier = ordinal < state.earlierCount
      if (!isEarlier || points[at]! < low) (isEarlier ? earlier : own).push(points[at]!, points[at + 1]!, points[at + 2]!)
    }
  }
  await transaction.kysely.deleteFrom('metric_segments').where('series', '=', series).execute()
  const before = withPoints({ ...newSeries(state.key), number: series }, earlier.numbers)
  const kept = withPoints(
    { ...before, earlierCount: earlier.count, earlierStep: earlier.count > 0 ? before.lastStep : 0 },
    own.numbers,
  )
  earlier.append(own.numbers)
  const segments = toSegments(series, { state: newSeries(state.key), open: noNumbers }, earlier.numbers)
  await transaction.insertRows('metric_segments', segmentColumns, segments)
  return { state: kept, open: earlier.numbers.subarray(kept.openOrdinal * numbersPerPoint) }
}

async function readAllPoints(reader: Reader, series: number): Promise<Float64Array[]> {
  const query = reader.kysely.selectFrom('metric_segments').select('body').where('series', '=', series).orderBy('ordinal')
  return (await reader.arrays(query)).map(([body]) => decodePoints(body as Uint8Array))
}

/** Another attempt at the run begins: what its series hold by now is replaced where it logs the same steps. */
export async function beginAttempt(transaction: Transaction, run: number): Promise<void> {
  await transaction.kysely
    .updateTable('metric_series')
    .set(({ ref }) => ({ earlier_count: ref('point_count'), earlier_step: ref('last_step') }))
    .where('run', '=', run)
    .execute()
}

async function onlyNew(
  reader: Reader,
  buffers: readonly Pick<PointBuffer, 'key' | 'numbers'>[],
  openOf: (key: string) => OpenSeries,
): Promise<Pick<PointBuffer, 'key' | 'numbers' | 'count'>[]> {
  const fresh = []
  for (const { key, numbers } of buffers) {
    const left = await withoutKnown(reader, openOf(key).state, numbers)
    if (left.length > 0) fresh.push({ key, numbers: left, count: left.length / numbersPerPoint })
  }
  return fresh
}

const toRow = (run: number, state: SeriesState): ColumnValue[] => [
  run,
  state.key,
  state.pointCount,
  state.lastStep,
  state.lastTimeMs,
  state.lastValue,
  state.min,
  state.max,
  state.isOrdered ? 1 : 0,
  state.openOrdinal,
  state.earlierCount,
  state.earlierStep,
]

async function addNumbers(transaction: Transaction, run: number, states: readonly SeriesState[]): Promise<void> {
  const fresh = new Map(states.filter((state) => state.number === undefined).map((state) => [state.key, state]))
  for (const { key, number } of await readSeries(transaction, run, [...fresh.keys()])) fresh.get(key)!.number = number
}

/** The rows that hold the new points: the open segment filled up, then new ones. */
function toSegments(series: number, { state, open }: OpenSeries, numbers: Float64Array): ColumnValue[][] {
  const fullLength = pointsPerSegment * numbersPerPoint
  const rows: ColumnValue[][] = []
  let at = 0
  if (open.length > 0) {
    at = Math.min(fullLength - open.length, numbers.length)
    const joined = new Float64Array(open.length + at)
    joined.set(open)
    joined.set(numbers.subarray(0, at), open.length)
    rows.push(toSegmentRow(series, state.openOrdinal, joined))
  }
  for (; at < numbers.length; at += fullLength) {
    rows.push(toSegmentRow(series, state.pointCount + at / numbersPerPoint, numbers.subarray(at, at + fullLength)))
  }
  return rows
}

function toSegmentRow(series: number, ordinal: number, numbers: Float64Array): ColumnValue[] {
  const { low, high } = stepRangeOf(numbers)
  return [series, ordinal, numbers.length / numbersPerPoint, low, high, encodePoints(numbers)]
}

async function dropResults(transaction: Transaction, run: number, states: readonly SeriesState[]): Promise<void> {
  const rows = await transaction.arrays(transaction.kysely.selectFrom('results').select('key').where('run', '=', run))
  if (rows.length === 0) return
  const stored = new Set(rows.map(([key]) => key))
  for (const { key } of states) {
    if (stored.has(key)) await transaction.kysely.deleteFrom('results').where('run', '=', run).where('key', '=', key).execute()
  }
}

/** For a purge: the points are tied to their series by no foreign key. */
export async function forgetPoints(transaction: Transaction, runs: readonly number[]): Promise<void> {
  for (let at = 0; at < runs.length; at += boundValuesPerQuery) {
    const part = runs.slice(at, at + boundValuesPerQuery)
    await transaction.kysely
      .deleteFrom('metric_segments')
      .where('series', 'in', (query) => query.selectFrom('metric_series').select('number').where('run', 'in', part))
      .execute()
  }
}
