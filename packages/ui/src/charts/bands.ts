import { type Axes, type Line, xOf } from './chart-data.ts'

/** What a band spans at each place: all of its runs, or the middle half of them. */
export type BandKind = 'range' | 'quartiles'

const mostPlaces = 200

/**
 * Many lines as one: the median of the runs at each place, with the range around it. Runs have points at places of their own, so the
 * axis is cut into pieces; a run that has no point in a piece between two of its points counts with the straight line between them.
 * The range takes every point of a piece, so that a spike of one point widens it; quartiles are of the runs' means.
 */
export function bandOf(lines: readonly Line[], { x, isLogX }: Axes, kind: BandKind): Pick<Line, 'xs' | 'values' | 'band'> {
  const places = placesOf(lines, x, isLogX === true)
  const [values, low, high]: [number[], number[], number[]] = [[], [], []]
  const pieces = lines.map((line) => piecesOf(line, places, x))
  for (let at = 0; at < places.length; at++) {
    const present = pieces.flatMap((each) => each[at] ?? [])
    const means = present.map(({ mean }) => mean).toSorted((left, right) => left - right)
    values.push(quantile(means, 0.5))
    low.push(kind === 'range' ? least(present.map((piece) => piece.low)) : quantile(means, 0.25))
    high.push(kind === 'range' ? -least(present.map((piece) => -piece.high)) : quantile(means, 0.75))
  }
  return { xs: places, values, band: { low, high } }
}

const least = (values: readonly number[]): number => values.reduce((before, value) => Math.min(before, value), Infinity)

/** Linear between the two nearest; NaN of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

/** All places where any line has a point, when those are few; otherwise evenly spread ones. */
function placesOf(lines: readonly Line[], x: Axes['x'], isLog: boolean): number[] {
  const all = new Set<number>()
  for (const line of lines) {
    for (let at = 0; at < line.values.length; at++) {
      const place = xOf(line, at, x)
      if (!isLog || place > 0) all.add(place)
    }
  }
  const sorted = Float64Array.from(all).sort()
  if (sorted.length <= mostPlaces) return [...sorted]
  const scale = isLog ? Math.log : (value: number) => value
  const [first, last] = [scale(sorted[0]!), scale(sorted.at(-1)!)]
  return Array.from({ length: mostPlaces }, (_, at) => {
    const place = first + ((last - first) * at) / (mostPlaces - 1)
    return isLog ? Math.exp(place) : place
  })
}

interface Piece {
  low: number
  high: number
  mean: number
}

/** What one line holds around each place; nothing before it begins and behind its end. */
function piecesOf(line: Line, places: readonly number[], x: Axes['x']): (Piece | undefined)[] {
  const found: (Piece | undefined)[] = []
  const { values } = line
  let at = 0
  let before: { x: number; value: number } | undefined
  for (const [index, place] of places.entries()) {
    const border = index + 1 < places.length ? (place + places[index + 1]!) / 2 : Infinity
    const piece = { low: Infinity, high: -Infinity, sum: 0, count: 0 }
    for (; at < values.length && xOf(line, at, x) < border; at++) {
      const value = values[at]!
      if (!Number.isFinite(value)) {
        // A gap, not something to be bridged.
        before = undefined
        continue
      }
      piece.low = Math.min(piece.low, value)
      piece.high = Math.max(piece.high, value)
      piece.sum += value
      piece.count++
      before = { x: xOf(line, at, x), value }
    }
    if (piece.count > 0) found.push({ low: piece.low, high: piece.high, mean: piece.sum / piece.count })
    else {
      const value = values[at]
      if (!before || value === undefined || !Number.isFinite(value)) found.push(undefined)
      else {
        const mean = before.value + ((value - before.value) * (place - before.x)) / (xOf(line, at, x) - before.x)
        found.push({ low: mean, high: mean, mean })
      }
    }
  }
  return found
}
