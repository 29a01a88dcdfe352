import { AppError, type MetricPoint } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'
import { Sampler } from './metric-sampling.ts'
import {
  decodePoints,
  numbersPerPoint,
  PointBuffer,
  type PointOrder,
  pointsPerSegment,
  sortPoints,
  toPoints,
} from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'
import type { LatestPoint } from './tracking.ts'

interface Range {
  from: number
  to: number
}

interface SegmentHead {
  ordinal: number
  count: number
  low: number
  high: number
}

/** 1,000 full segments are 8 MB: what is held at a time, however long the series. */
const segmentsPerRead = 1000

const segmentsInRange = (reader: Reader, series: number, range: Range) =>
  reader.kysely
    .selectFrom('metric_segments')
    .where('series', '=', series)
    .where('high_step', '>=', range.from)
    .where('low_step', '<=', range.to)
    .orderBy('ordinal')
    .limit(segmentsPerRead)

/** The points of each segment that touches the range, in order of arrival. */
async function* readSegments(
  reader: Reader,
  series: number,
  range: Range,
): AsyncGenerator<{ head: SegmentHead; numbers: Float64Array }> {
  const columns = ['ordinal', 'point_count', 'low_step', 'high_step', 'body'] as const
  for (let after = -1; ;) {
    const rows = await reader.arrays(segmentsInRange(reader, series, range).select(columns).where('ordinal', '>', after))
    for (const row of rows) {
      const [ordinal, count, low, high] = row as number[]
      yield { head: { ordinal: ordinal!, count: count!, low: low!, high: high! }, numbers: decodePoints(row[4] as Uint8Array) }
      after = ordinal!
    }
    if (rows.length < segmentsPerRead) return
  }
}

const isInside = (head: SegmentHead, range: Range): boolean => head.low >= range.from && head.high <= range.to

/** The points of the segments that touch the range, others of those segments included, as `metric-segment.ts` has them. */
export async function* readNumbers(reader: Reader, series: SeriesState, range: Range): AsyncGenerator<Float64Array> {
  for await (const { numbers } of readSegments(reader, series.number!, range)) yield numbers
}

/** See `MetricRecords.numbers`. */
export async function readHistory(reader: Reader, series: SeriesState, range: Range & { limit: number }): Promise<Float64Array> {
  const points = new PointBuffer(series.key, Math.min(series.pointCount, range.limit) + pointsPerSegment)
  for await (const { head, numbers } of readSegments(reader, series.number!, range)) {
    points.append(isInside(head, range) ? numbers : pointsInside(numbers, range))
    if (series.isOrdered && points.count >= range.limit) break
  }
  const inOrder = series.isOrdered ? points.numbers : sortPoints(points.numbers, byStep)
  return inOrder.subarray(0, range.limit * numbersPerPoint)
}

const byStep: PointOrder = (numbers, left, right) => numbers[left]! - numbers[right]!

function pointsInside(numbers: Float64Array, range: Range): Float64Array {
  const inside = new PointBuffer('', numbers.length / numbersPerPoint)
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const step = numbers[at]!
    if (step >= range.from && step <= range.to) inside.push(step, numbers[at + 1]!, numbers[at + 2]!)
  }
  return inside.numbers
}

/** Series up to this long are held in memory (48 MB) between the passes of `readSampled`; longer ones are read again. */
const heldPoints = 2_000_000

/** See `Sampler`. Below `maxPoints` all points, as they are. */
export async function readSampled(
  reader: Reader,
  series: SeriesState,
  options: Range & { maxPoints: number },
): Promise<MetricPoint[]> {
  const sampler = new Sampler({ ...options, isOrdered: series.isOrdered })
  if (series.isOrdered) await observeHeads(reader, series, options, sampler)
  const held =
    series.isOrdered || series.pointCount > heldPoints ? undefined : await collect(readSegments(reader, series.number!, options))
  const pass = () => held ?? readSegments(reader, series.number!, options)
  if (!series.isOrdered) for await (const { head, numbers } of pass()) observe(sampler, head, options, numbers)
  if (sampler.count <= options.maxPoints)
    return toPoints(await readHistory(reader, series, { ...options, limit: Number.POSITIVE_INFINITY }))
  if (!series.isOrdered) for await (const { numbers } of pass()) sampler.rank(numbers)
  sampler.finishRanks()
  for await (const { head, numbers } of pass()) sampler.add(numbers, head.ordinal)
  return sampler.points()
}

function observe(sampler: Sampler, head: SegmentHead, range: Range, numbers: Float64Array): void {
  if (isInside(head, range)) sampler.observeWhole(head.count, head.low, head.high)
  else sampler.observe(numbers)
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Counts the points in the range; of a series in order, only the segments at its two borders have to be looked into. */
async function observeHeads(reader: Reader, series: SeriesState, range: Range, sampler: Sampler): Promise<void> {
  if (range.from === Number.NEGATIVE_INFINITY && series.lastStep <= range.to)
    return sampler.observeWhole(series.pointCount, Number.NEGATIVE_INFINITY, series.lastStep)
  const columns = ['ordinal', 'point_count', 'low_step', 'high_step'] as const
  for (let after = -1; ;) {
    const rows = await reader.arrays(segmentsInRange(reader, series.number!, range).select(columns).where('ordinal', '>', after))
    for (const row of rows) {
      const [ordinal, count, low, high] = row as number[]
      after = ordinal!
      const head = { ordinal: ordinal!, count: count!, low: low!, high: high! }
      observe(sampler, head, range, isInside(head, range) ? none : await readOne(reader, series.number!, after))
    }
    if (rows.length < segmentsPerRead) return
  }
}

const none = new Float64Array(0)

async function readOne(reader: Reader, series: number, ordinal: number): Promise<Float64Array> {
  const query = reader.kysely
    .selectFrom('metric_segments')
    .select('body')
    .where('series', '=', series)
    .where('ordinal', '=', ordinal)
  const [row] = await reader.arrays(query)
  return row ? decodePoints(row[0] as Uint8Array) : none
}

/** See `MetricRecords.arrived`. A segment's ordinal is the place of its first point in the order of arrival. */
export async function readArrived(
  reader: Reader,
  all: readonly SeriesState[],
  { seen, limit }: { seen: Readonly<Record<string, number>>; limit: number },
): Promise<{ points: LatestPoint[]; seen: Record<string, number> }> {
  const points: LatestPoint[] = []
  // No prototype, so that a metric called `__proto__` is a metric.
  const reached = Object.create(null) as Record<string, number>
  for (const { number, key, pointCount } of all) {
    const known = Object.hasOwn(seen, key) ? seen[key]! : 0
    let at = known > pointCount ? 0 : known
    while (at < pointCount && points.length < limit) {
      const { ordinal, numbers } = await readSegmentAt(reader, number!, at)
      const end = Math.min(numbers.length / numbersPerPoint, at - ordinal + limit - points.length)
      for (let place = at - ordinal; place < end; place++) {
        const [step, timeMs, value] = numbers.subarray(place * numbersPerPoint, (place + 1) * numbersPerPoint)
        points.push({ key, step: step!, timeMs: timeMs!, value: value! })
      }
      at = ordinal + end
    }
    reached[key] = at
  }
  return { points, seen: reached }
}

/** The segment that holds the point of this place in the order of arrival. */
async function readSegmentAt(reader: Reader, series: number, place: number): Promise<{ ordinal: number; numbers: Float64Array }> {
  const query = reader.kysely
    .selectFrom('metric_segments')
    .select(['ordinal', 'body'])
    .where('series', '=', series)
    .where('ordinal', '<=', place)
    .orderBy('ordinal', 'desc')
    .limit(1)
  const [row] = await reader.arrays(query)
  if (!row)
    throw new AppError('storage', `A piece of the metric series ${series} is missing; check the database with: trainyard doctor`)
  return { ordinal: row[0] as number, numbers: decodePoints(row[1] as Uint8Array) }
}
