import type { HyperParameter } from '../distributions.ts'

/** A function with a known shape, to be made as small as possible. The Python side of the comparison has the same ones. */
export interface StandardFunction {
  name: string
  trials: number
  space: Readonly<Record<string, HyperParameter>>
  evaluate(parameters: Readonly<Record<string, unknown>>): number
}

const number = (parameters: Readonly<Record<string, unknown>>, key: string): number => {
  const value = parameters[key]
  if (typeof value !== 'number') throw new TypeError(`${key} is no number`)
  return value
}

const branin: StandardFunction = {
  name: 'branin',
  trials: 60,
  space: { x: { type: 'uniform', low: -5, high: 10 }, y: { type: 'uniform', low: 0, high: 15 } },
  evaluate: (parameters) => {
    const [x, y] = [number(parameters, 'x'), number(parameters, 'y')]
    const bow = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6
    return bow ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10
  },
}

const hartmannWeights = [1, 1.2, 3, 3.2]
const hartmannScales = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
]
const hartmannCentres = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]

const hartmann6: StandardFunction = {
  name: 'hartmann6',
  trials: 100,
  space: Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [`x${index}`, { type: 'uniform', low: 0, high: 1 } as const]),
  ),
  evaluate: (parameters) => {
    let sum = 0
    for (const [row, weight] of hartmannWeights.entries()) {
      let exponent = 0
      for (let column = 0; column < 6; column++) {
        exponent += hartmannScales[row]![column]! * (number(parameters, `x${column}`) - hartmannCentres[row]![column]!) ** 2
      }
      sum -= weight * Math.exp(-exponent)
    }
    return sum
  },
}

/** A learning rate, a depth, a width on a logarithmic scale, a share in steps and a method, as a training has them. */
const mixed: StandardFunction = {
  name: 'mixed',
  trials: 80,
  space: {
    rate: { type: 'loguniform', low: 1e-5, high: 1 },
    depth: { type: 'int', low: 1, high: 20 },
    units: { type: 'int', low: 1, high: 1024, log: true },
    share: { type: 'uniform', low: 0, high: 1, step: 0.05 },
    method: { type: 'choice', values: ['sgd', 'adam', 'rmsprop', 'lbfgs'] },
  },
  evaluate: (parameters) => {
    const penalty = { sgd: 1, adam: 0, rmsprop: 0.4, lbfgs: 2 }[String(parameters.method)]
    if (penalty === undefined) throw new TypeError('unknown method')
    return (
      (Math.log10(number(parameters, 'rate')) + 2.5) ** 2 +
      ((number(parameters, 'depth') - 7) / 4) ** 2 +
      ((Math.log2(number(parameters, 'units')) - 6) / 2) ** 2 +
      (4 * (number(parameters, 'share') - 0.3)) ** 2 +
      penalty
    )
  },
}

const rosenbrock: StandardFunction = {
  name: 'rosenbrock',
  trials: 100,
  space: Object.fromEntries(
    Array.from({ length: 3 }, (_, index) => [`x${index}`, { type: 'uniform', low: -2, high: 2 } as const]),
  ),
  evaluate: (parameters) => {
    let sum = 0
    for (let index = 0; index < 2; index++) {
      const [here, next] = [number(parameters, `x${index}`), number(parameters, `x${index + 1}`)]
      sum += 100 * (next - here ** 2) ** 2 + (1 - here) ** 2
    }
    return sum
  },
}

export const standardFunctions: readonly StandardFunction[] = [branin, hartmann6, mixed, rosenbrock]
