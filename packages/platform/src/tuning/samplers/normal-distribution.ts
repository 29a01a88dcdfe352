/**
 * Complementary error function by a Chebyshev fit, relative error below 1.2e-7 everywhere (Numerical Recipes, "erfcc"). A sampler
 * compares densities; it needs no more digits, but it needs them relative, so that far tails do not vanish.
 */
const erfcCoefficients = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
]

const erfc = (x: number): number => {
  const magnitude = Math.abs(x)
  const t = 1 / (1 + 0.5 * magnitude)
  let polynomial = 0
  for (let index = erfcCoefficients.length - 1; index >= 0; index--) polynomial = polynomial * t + erfcCoefficients[index]!
  const value = t * Math.exp(-magnitude * magnitude + polynomial)
  return x >= 0 ? value : 2 - value
}

/** Probability that a standard normal lies in [low, high]; differences are taken in the lighter tail, where digits survive. */
export const normalMass = (low: number, high: number): number => {
  if (low > 0) return 0.5 * (erfc(low / Math.SQRT2) - erfc(high / Math.SQRT2))
  return 0.5 * (erfc(-high / Math.SQRT2) - erfc(-low / Math.SQRT2))
}
