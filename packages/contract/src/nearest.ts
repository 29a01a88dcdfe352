/** Number of single-character edits (insert, delete, replace, swap of neighbours) between two short texts. */
const editDistance = (left: string, right: string): number => {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const replaced = previous[column - 1]! + (left[row - 1] === right[column - 1] ? 0 : 1)
      let best = Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1)
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) best = Math.min(best, beforePrevious[column - 2]! + 1)
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length]!
}

/** What a typist gets wrong without meaning another name: case, and the sign between words. */
const folded = (name: string): string => name.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, '')

/** Candidates ordered by likeness to `typed`, the nearest first; equal ones keep their order. */
export const byLikeness = (typed: string, candidates: readonly string[]): string[] => {
  const wanted = folded(typed)
  return candidates
    .map((name) => ({ name, distance: editDistance(wanted, folded(name)) }))
    .toSorted((one, other) => one.distance - other.distance)
    .map(({ name }) => name)
}

/** The candidate that a mistyped name most likely meant, or `undefined` when none is near. Case, `-` and `_` do not matter. */
export const nearestName = (typed: string, candidates: Iterable<string>): string | undefined => {
  const wanted = folded(typed)
  let best: { name: string; distance: number } | undefined
  for (const name of candidates) {
    const distance = editDistance(wanted, folded(name))
    if (best === undefined || distance < best.distance) best = { name, distance }
  }
  if (best === undefined) return undefined
  return best.distance <= Math.max(1, Math.floor(Math.min(wanted.length, best.name.length) / 2)) ? best.name : undefined
}

/** `" (did you mean state?)"` or nothing, to be put behind a sentence about an unknown name. */
export const didYouMean = (typed: string, candidates: Iterable<string>): string => {
  const name = nearestName(typed, candidates)
  return name === undefined ? '' : ` (did you mean ${name}?)`
}
