import { createRandomSampler } from '../samplers/random.ts'
import { createTpeSampler } from '../samplers/tpe.ts'
import { TrialHistory } from '../trial-history.ts'
import type { StandardFunction } from './standard-functions.ts'

/** The smallest value that a sampler finds in the function's number of trials, one after another. */
export const smallestValue = (problem: StandardFunction, strategy: 'tpe' | 'random', seed: number): number => {
  const options = { seed, size: problem.trials, direction: 'minimize' as const }
  const sampler = strategy === 'tpe' ? createTpeSampler(problem.space, options) : createRandomSampler(problem.space, options)
  const history = new TrialHistory()
  let smallest = Number.POSITIVE_INFINITY
  for (let iteration = 1; iteration <= problem.trials; iteration++) {
    const parameters = sampler.propose(iteration, history)
    const value = problem.evaluate(parameters)
    history.record({ iteration, parameters, state: 'completed', value })
    smallest = Math.min(smallest, value)
  }
  return smallest
}

/** Quantile with linear interpolation. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((left, right) => left - right)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at))
}

export interface PeerResult {
  trials: number
  checkpoint: { parameters: Record<string, unknown>; value: number }
  /** The smallest value found, by seed. */
  best: number[]
}

/** The recorded results of Optuna, by function. */
export const optunaResults = (json: string): Record<string, PeerResult> =>
  (JSON.parse(json) as { functions: Record<string, PeerResult> }).functions
