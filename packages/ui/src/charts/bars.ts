import type { Line } from './chart-data.ts'

/** The last value of a line, and where it stands among the others. */
export interface Bar {
  line: Line
  value: number
  /** Shares of the width. A bar begins at zero; where less is better both are one, since a long bar would praise the worst. */
  from: number
  to: number
}

/** The best first; what is no number has no bar and stands last. */
export function barsOf(lines: readonly Line[], direction: 'max' | 'min'): Bar[] {
  const values = lines.map((line) => line.values.at(-1) ?? Number.NaN)
  const finite = values.filter((value) => Number.isFinite(value))
  const low = finite.reduce((before, value) => Math.min(before, value), 0)
  const high = finite.reduce((before, value) => Math.max(before, value), 0)
  const placeOf = (value: number): number => (value - low) / (high - low || 1)
  const rank = (value: number): number => (Number.isFinite(value) ? (direction === 'max' ? -value : value) : Infinity)
  return lines
    .map((line, at): Bar => {
      const value = values[at]!
      const end = Number.isFinite(value) ? value : 0
      const start = direction === 'min' ? end : 0
      return { line, value, from: placeOf(Math.min(start, end)), to: placeOf(Math.max(start, end)) }
    })
    .toSorted((one, other) => rank(one.value) - rank(other.value) || 0)
}
