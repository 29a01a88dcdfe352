/** How often two things happen: each, both, and how often anything does. */
export interface Overlap {
  first: number
  second: number
  both: number
  total: number
}

/** Half an observation more in each of the four cells (Jeffreys): an estimate that few observations do not carry to the extremes. */
const smoothing = 0.5

/**
 * Normalised pointwise mutual information of two sets, from -1 (never together) over 0 (independent) to 1 (always together); NaN where
 * there is nothing to tell, one of them being empty.
 */
export function correlation({ first, second, both, total }: Overlap): { plain: number; smoothed: number } {
  const cells = [both, first - both, second - both, total - first - second + both] as const
  if (first <= 0 || second <= 0 || Math.min(...cells) < 0) return { plain: Number.NaN, smoothed: Number.NaN }
  const plain = both === 0 ? -1 : npmi(cells, 0)
  return { plain, smoothed: npmi(cells, smoothing) }
}

function npmi([both, firstOnly, secondOnly, neither]: readonly [number, number, number, number], added: number): number {
  const together = both + added
  const [first, second] = [together + firstOnly + added, together + secondOnly + added]
  const total = first + secondOnly + neither + 2 * added
  if (first <= 0 || second <= 0 || together <= 0) return Number.NaN
  if (firstOnly === 0 && secondOnly === 0 && neither === 0) return 1
  const information = Math.log(together) + Math.log(total) - Math.log(first) - Math.log(second)
  return Math.max(-1, Math.min(1, information / (Math.log(total) - Math.log(together))))
}
