/** A run on a plane, with what it reached there. All three from 0 to 1. */
export interface Spot {
  x: number
  y: number
  value: number
}

/** Nearer runs weigh more, with the square of the distance. */
const power = 2
/** Runs closer than this to a cell are the cell. */
const tiny = 1e-6

/**
 * What lies between runs, guessed from them: the mean of all, each weighed by the inverse square of its distance (Shepard, 1968). It goes
 * through every run, stays between the lowest and the highest, and claims nothing beyond them. Row after row from the bottom.
 */
export function surfaceOf(spots: readonly Spot[], size: number): Float32Array {
  const cells = new Float32Array(size * size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      cells[row * size + column] = valueAt(spots, (column + 0.5) / size, (row + 0.5) / size)
  return cells
}

export function valueAt(spots: readonly Spot[], x: number, y: number): number {
  let [sum, weights] = [0, 0]
  for (const spot of spots) {
    const distance = (spot.x - x) ** 2 + (spot.y - y) ** 2
    if (distance < tiny) return spot.value
    const weight = 1 / distance ** (power / 2)
    sum += weight * spot.value
    weights += weight
  }
  return weights === 0 ? Number.NaN : sum / weights
}
