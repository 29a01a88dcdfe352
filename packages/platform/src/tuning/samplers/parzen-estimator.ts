import type { Random } from '../random.ts'
import type { CategoricalDimension, Dimension, NumericDimension } from './dimension.ts'
import { normalMass } from './normal-distribution.ts'

/** A point: one position per dimension (an index for a categorical one). */
export type Point = readonly number[]

/**
 * A density around observed points: a mixture with one kernel per observation, in all dimensions at once, and one for what was
 * believed before. Older observations beyond the newest 25 weigh less.
 */
export interface ParzenEstimator {
  sample(random: Random): number[]
  logDensity(point: Point): number
}

/** One dimension of all kernels. */
interface Marginal {
  sample(kernel: number, random: Random): number
  /** Adds the logarithm of every kernel's density at `position` to `sums`, by kernel. */
  addLogDensities(position: number, sums: Float64Array): void
}

/** `observations` in the order they were made, oldest first. */
export const createParzenEstimator = (dimensions: readonly Dimension[], observations: readonly Point[]): ParzenEstimator => {
  const weights = [...observationWeights(observations.length), 1]
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const logWeights = Float64Array.from(weights, (weight) => Math.log(weight / total))
  const marginals = dimensions.map((dimension, index) => {
    const positions = observations.map((point) => point[index]!)
    return dimension.kind === 'categorical' ? categoricalMarginal(dimension, positions) : numericMarginal(dimension, positions)
  })
  return {
    sample: (random) => {
      const kernel = pickWeighted(weights, random)
      return marginals.map((marginal) => marginal.sample(kernel, random))
    },
    logDensity: (point) => {
      const sums = logWeights.slice()
      for (const [index, marginal] of marginals.entries()) marginal.addLogDensities(point[index]!, sums)
      return logSumOfExponentials(sums)
    },
  }
}

const flatWeights = 25

const observationWeights = (count: number): number[] => {
  const ramp = count - flatWeights
  return Array.from({ length: count }, (_, index) => {
    if (index >= ramp) return 1
    return ramp === 1 ? 1 / count : 1 / count + (index / (ramp - 1)) * (1 - 1 / count)
  })
}

const pickWeighted = (weights: readonly number[], random: Random): number => {
  let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, weight] of weights.entries()) {
    rest -= weight
    if (rest < 0) return index
  }
  return weights.length - 1
}

const logSumOfExponentials = (values: Float64Array): number => {
  const greatest = values.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY)
  if (!Number.isFinite(greatest)) return greatest
  return greatest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - greatest), 0))
}

/** A kernel prefers its own choice; the one prior observation is spread evenly over all choices and kernels. */
const categoricalMarginal = ({ count }: CategoricalDimension, observed: readonly number[]): Marginal => {
  const base = 1 / (observed.length + 1)
  const total = 1 + base * count
  const [logOther, logOwn, logEven] = [Math.log(base / total), Math.log((base + 1) / total), -Math.log(count)]
  return {
    sample: (kernel, random) => {
      const own = observed[kernel]
      return own === undefined || random.next() * total >= 1 ? random.index(count) : own
    },
    addLogDensities: (position, sums) => {
      for (let kernel = 0; kernel < observed.length; kernel++) sums[kernel]! += observed[kernel] === position ? logOwn : logOther
      sums[observed.length]! += logEven
    },
  }
}

/** Normals cut off at the ends of the axis. */
const numericMarginal = (dimension: NumericDimension, observed: readonly number[]): Marginal => {
  const { low, high, cell, prior } = dimension
  const means = Float64Array.from([...observed, prior.mean])
  const deviations = Float64Array.from([...bandwidths(dimension, observed), prior.deviation])
  const logMasses = means.map((mean, kernel) => {
    const deviation = deviations[kernel]!
    return Math.log(normalMass((low - mean) / deviation, (high - mean) / deviation))
  })
  const logScales = deviations.map((deviation, kernel) => Math.log(deviation) + 0.5 * Math.log(2 * Math.PI) + logMasses[kernel]!)
  return {
    // Means lie on the axis and kernels are no wider than it, so at least a third of the draws fall inside.
    sample: (kernel, random) => {
      if (high <= low) return low
      for (;;) {
        const position = means[kernel]! + deviations[kernel]! * random.normal()
        if (position >= low && position <= high) return position
      }
    },
    addLogDensities: (position, sums) => {
      if (high <= low) return
      const ends = cell?.(position)
      for (let kernel = 0; kernel < means.length; kernel++) {
        const [mean, deviation] = [means[kernel]!, deviations[kernel]!]
        if (ends === undefined) {
          const distance = (position - mean) / deviation
          sums[kernel]! -= 0.5 * distance * distance + logScales[kernel]!
        } else {
          const mass = normalMass((ends[0] - mean) / deviation, (ends[1] - mean) / deviation)
          sums[kernel]! += Math.log(Math.max(mass, 1e-300)) - logMasses[kernel]!
        }
      }
    },
  }
}

/** Each kernel reaches to its farther neighbour, within limits that narrow as observations come in. */
const bandwidths = ({ low, high, width }: NumericDimension, observed: readonly number[]): number[] => {
  const count = observed.length
  const order = observed.map((_, index) => index).sort((left, right) => observed[left]! - observed[right]!)
  const narrowest = width / Math.min(100, count + 2)
  const result: number[] = []
  for (const [rank, index] of order.entries()) {
    const here = observed[index]!
    const before = rank === 0 ? low : observed[order[rank - 1]!]!
    const after = rank === count - 1 ? high : observed[order[rank + 1]!]!
    let reach = Math.max(here - before, after - here)
    // The outermost look inwards only: the end of the axis is not an observation.
    if (count >= 2 && rank === 0) reach = after - here
    if (count >= 2 && rank === count - 1) reach = here - before
    result[index] = Math.min(width, Math.max(narrowest, reach))
  }
  return result
}
