/** Candidates ordered by likeness to `name`, the nearest first; equal ones keep their order. */
export function byLikeness(name: string, candidates: readonly string[]): string[] {
  const folded = fold(name)
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(folded, fold(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate)
}

/** The candidate that a typist may have meant: at most a third of the letters differ. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const [first] = byLikeness(name, candidates)
  if (first === undefined) return undefined
  const allowed = Math.max(1, Math.floor(Math.max(name.length, first.length) / 3))
  return editDistance(fold(name), fold(first)) <= allowed ? first : undefined
}

const fold = (text: string): string => text.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, '')

/** Levenshtein's, with swapped neighbours as one edit. */
function editDistance(a: string, b: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, before[column - 2]! + 1)
      }
      current.push(cost)
    }
    ;[before, previous] = [previous, current]
  }
  return previous[b.length]!
}
