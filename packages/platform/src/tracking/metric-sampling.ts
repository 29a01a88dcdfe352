import type { MetricPoint } from '@trainyard/contract'
import { numbersPerPoint } from './metric-segment.ts'

/**
 * Down-sampling for charts. The points, in order of step and then of arrival, are dealt into buckets of equal count; of each bucket
 * the lowest and the highest finite point stay, and the first NaN, +Infinity and -Infinity; so do the first and the last point of all.
 * A spike of one point is an extreme of its bucket, so it is always seen.
 *
 * Usage: `observe` every segment once, in order of arrival, then `add` every segment again, then `points`.
 */
export class Sampler {
  readonly #maxPoints: number
  readonly #bucketCount: number
  readonly #isOrdered: boolean
  readonly #range: { from: number; to: number }
  #observed = 0
  #low = Number.POSITIVE_INFINITY
  #high = Number.NEGATIVE_INFINITY
  #ranks: ApproximateRanks | undefined
  #added = 0
  readonly #slots: Slots
  #first = noPoint
  #last = noPoint

  constructor(options: { maxPoints: number; isOrdered: boolean; from: number; to: number }) {
    this.#maxPoints = options.maxPoints
    this.#isOrdered = options.isOrdered
    this.#range = { from: options.from, to: options.to }
    this.#bucketCount = Math.max(1, Math.floor((options.maxPoints - 2) / 2))
    this.#slots = new Slots(this.#bucketCount)
  }

  /** Points inside the range, so far. */
  get count(): number {
    return this.#observed
  }

  /** A segment known to lie inside the range needs no look at its points. */
  observeWhole(count: number, low: number, high: number): void {
    this.#observed += count
    if (low < this.#low) this.#low = low
    if (high > this.#high) this.#high = high
  }

  observe(numbers: Float64Array): void {
    const { from, to } = this.#range
    for (let at = 0; at < numbers.length; at += numbersPerPoint) {
      const step = numbers[at]!
      if (step >= from && step <= to) this.observeWhole(1, step, step)
    }
  }

  /** Only for a series that is not in order, after `observe`: a third pass, so that the buckets get equal counts. */
  rank(numbers: Float64Array): void {
    this.#ranks ??= new ApproximateRanks(this.#low, this.#high)
    const ranks = this.#ranks
    const { from, to } = this.#range
    for (let at = 0; at < numbers.length; at += numbersPerPoint) {
      const step = numbers[at]!
      if (step >= from && step <= to) ranks.count(step)
    }
  }

  /** Between the last `rank` and the first `add`. */
  finishRanks(): void {
    this.#ranks?.finish()
  }

  add(numbers: Float64Array, firstOrdinal: number): void {
    if (this.#isOrdered) this.#addOrdered(numbers, firstOrdinal)
    else this.#addUnordered(numbers, firstOrdinal)
  }

  #addOrdered(numbers: Float64Array, firstOrdinal: number): void {
    const { from, to } = this.#range
    let at = 0
    let end = numbers.length
    while (at < end && numbers[at]! < from) at += numbersPerPoint
    while (end > at && numbers[end - numbersPerPoint]! > to) end -= numbersPerPoint
    if (at === end) return
    if (this.#added === 0) this.#first = pointAt(numbers, at, firstOrdinal)
    this.#last = pointAt(numbers, end - numbersPerPoint, firstOrdinal)
    while (at < end) {
      // All points up to the next border go to one bucket.
      const bucket = Math.floor((this.#added * this.#bucketCount) / this.#observed)
      const border = Math.ceil(((bucket + 1) * this.#observed) / this.#bucketCount)
      const partEnd = Math.min(end, at + Math.max(1, border - this.#added) * numbersPerPoint)
      this.#slots.addMany(Math.min(bucket, this.#bucketCount - 1), numbers, { at, end: partEnd, firstOrdinal })
      this.#added += (partEnd - at) / numbersPerPoint
      at = partEnd
    }
  }

  /** Looks into fields only once, and at each point as little as can be: half the time of the plain way. */
  #addUnordered(numbers: Float64Array, firstOrdinal: number): void {
    const { from, to } = this.#range
    const ranks = this.#ranks!
    const slots = this.#slots
    const { lows, highs } = slots
    const bucketsPerRank = this.#bucketCount / this.#observed
    let firstStep = this.#first === noPoint ? Number.POSITIVE_INFINITY : this.#first.step
    let lastStep = this.#last === noPoint ? Number.NEGATIVE_INFINITY : this.#last.step
    for (let at = 0; at < numbers.length; at += numbersPerPoint) {
      const step = numbers[at]!
      if (step < from || step > to) continue
      const bucket = (ranks.take(step) * bucketsPerRank) | 0
      const value = numbers[at + 2]!
      if (value < lows[bucket]! || value > highs[bucket]! || value - value !== 0)
        slots.addMany(bucket, numbers, { at, end: at + numbersPerPoint, firstOrdinal })
      if (step < firstStep) {
        firstStep = step
        this.#first = pointAt(numbers, at, firstOrdinal)
      }
      if (step >= lastStep) {
        lastStep = step
        this.#last = pointAt(numbers, at, firstOrdinal)
      }
    }
  }

  /** In order of step, then of arrival; at most `maxPoints`, unless that is less than seven. */
  points(): MetricPoint[] {
    if (this.#first === noPoint) return []
    for (let width = 1; ; width *= 2) {
      const kept = this.#slots.merged(width)
      kept.set(this.#first.ordinal, this.#first)
      kept.set(this.#last.ordinal, this.#last)
      // Every kind of NaN and infinity costs room; wider buckets make it.
      if (kept.size > this.#maxPoints && width < this.#bucketCount) continue
      return [...kept.values()]
        .sort((left, right) => left.step - right.step || left.ordinal - right.ordinal)
        .map(({ step, timeMs, value }) => ({ step, timeMs, value }))
    }
  }
}

interface PlacedPoint extends MetricPoint {
  ordinal: number
}

const noPoint: PlacedPoint = { step: 0, timeMs: 0, value: 0, ordinal: -1 }

const pointAt = (numbers: Float64Array, at: number, firstOrdinal: number): PlacedPoint => ({
  step: numbers[at]!,
  timeMs: numbers[at + 1]!,
  value: numbers[at + 2]!,
  ordinal: firstOrdinal + at / numbersPerPoint,
})

/** What is kept of each bucket. Objects are made only when a point is kept, not for each that is looked at. */
class Slots {
  /** The values of the extremes, once more: what new points are compared with. */
  readonly lows: Float64Array
  readonly highs: Float64Array
  readonly #lowest: (PlacedPoint | undefined)[]
  readonly #highest: (PlacedPoint | undefined)[]
  readonly #nan: (PlacedPoint | undefined)[]
  readonly #positive: (PlacedPoint | undefined)[]
  readonly #negative: (PlacedPoint | undefined)[]
  readonly #count: number

  constructor(count: number) {
    this.#count = count
    this.lows = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
    this.highs = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
    const empty = () => Array.from<PlacedPoint | undefined>({ length: count })
    this.#lowest = empty()
    this.#highest = empty()
    this.#nan = empty()
    this.#positive = empty()
    this.#negative = empty()
  }

  addMany(bucket: number, numbers: Float64Array, part: { at: number; end: number; firstOrdinal: number }): void {
    let low = this.lows[bucket]!
    let high = this.highs[bucket]!
    let lowest = -1
    let highest = -1
    for (let at = part.at; at < part.end; at += numbersPerPoint) {
      const value = numbers[at + 2]!
      // Infinite minus itself is NaN, so one comparison finds all three kinds.
      if (value - value !== 0) this.#addSpecial(bucket, value, pointAt(numbers, at, part.firstOrdinal))
      else {
        if (value < low) {
          low = value
          lowest = at
        }
        if (value > high) {
          high = value
          highest = at
        }
      }
    }
    if (lowest >= 0) {
      this.lows[bucket] = low
      this.#lowest[bucket] = pointAt(numbers, lowest, part.firstOrdinal)
    }
    if (highest >= 0) {
      this.highs[bucket] = high
      this.#highest[bucket] = pointAt(numbers, highest, part.firstOrdinal)
    }
  }

  #addSpecial(bucket: number, value: number, point: PlacedPoint): void {
    if (Number.isNaN(value)) this.#nan[bucket] ??= point
    else if (value > 0) this.#positive[bucket] ??= point
    else this.#negative[bucket] ??= point
  }

  /** The kept points by ordinal, with each `width` neighbouring buckets taken as one. */
  merged(width: number): Map<number, PlacedPoint> {
    const kept = new Map<number, PlacedPoint>()
    const keep = (point: PlacedPoint | undefined) => point && kept.set(point.ordinal, point)
    for (let start = 0; start < this.#count; start += width) {
      const end = start + width
      keep(best(this.#lowest.slice(start, end), (value, other) => value < other))
      keep(best(this.#highest.slice(start, end), (value, other) => value > other))
      for (const points of [this.#nan, this.#positive, this.#negative]) keep(points.slice(start, end).find(Boolean))
    }
    return kept
  }
}

function best(points: readonly (PlacedPoint | undefined)[], isBetter: (value: number, other: number) => boolean) {
  let found: PlacedPoint | undefined
  for (const point of points) if (point && (!found || isBetter(point.value, found.value))) found = point
  return found
}

/**
 * The place of a point in the order of steps without sorting (sorting 1,000,000 steps takes 90 ms, this 10): counts per range of
 * steps, and points of one range in order of arrival. Exact where a range holds one step; elsewhere near enough for equal buckets.
 */
class ApproximateRanks {
  static readonly #ranges = 1 << 16
  readonly #low: number
  readonly #scale: number
  /** Small integers stay in the processor's nearest cache: steps out of order jump about in them. */
  readonly #counts = new Uint32Array(ApproximateRanks.#ranges)

  constructor(low: number, high: number) {
    this.#low = low
    this.#scale = (ApproximateRanks.#ranges - 1) / Math.max(1, high - low)
  }

  count(step: number): void {
    const range = ((step - this.#low) * this.#scale) | 0
    this.#counts[range] = this.#counts[range]! + 1
  }

  /** Turns the counts into the first place of each range. */
  finish(): void {
    let sum = 0
    for (let range = 0; range < this.#counts.length; range++) {
      const count = this.#counts[range]!
      this.#counts[range] = sum
      sum += count
    }
  }

  /** Each call takes a place: once per point, in order of arrival. */
  take(step: number): number {
    const range = ((step - this.#low) * this.#scale) | 0
    const place = this.#counts[range]!
    this.#counts[range] = place + 1
    return place
  }
}
