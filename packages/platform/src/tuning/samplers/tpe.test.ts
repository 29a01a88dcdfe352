import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HyperParameter } from '../distributions.ts'
import { createRandom } from '../random.ts'
import { optunaResults, quantile, smallestValue } from '../testing/optimise.ts'
import { standardFunctions } from '../testing/standard-functions.ts'
import { type Trial, TrialHistory } from '../trial-history.ts'
import { createDimension } from './dimension.ts'
import { normalMass } from './normal-distribution.ts'
import { createParzenEstimator } from './parzen-estimator.ts'
import { createTpeSampler } from './tpe.ts'

const space: Record<string, HyperParameter> = {
  rate: { type: 'loguniform', low: 1e-5, high: 1 },
  share: { type: 'uniform', low: 0, high: 1, step: 0.1 },
  depth: { type: 'int', low: 2, high: 11, step: 3 },
  units: { type: 'int', low: 1, high: 512, log: true },
  shift: { type: 'normal', mean: 3, std: 2 },
  fixed: { type: 'uniform', low: 4, high: 4 },
  method: ['a', 'b', null, [1]],
}
const sampler = (seed: number) => createTpeSampler(space, { seed, size: 200, direction: 'maximize', startupTrials: 3 })

describe('TPE', () => {
  it('proposes inside the space whatever the history holds', () => {
    const states = fc.constantFrom<Trial['state']>('running', 'completed', 'failed', 'pruned', 'skipped')
    const outcomes = fc.array(fc.record({ state: states, value: fc.option(fc.double(), { nil: undefined }) }), { minLength: 5 })
    fc.assert(
      fc.property(outcomes, fc.nat(), (trials, seed) => {
        const history = new TrialHistory()
        const tpe = sampler(seed)
        for (const [index, { state, value }] of trials.entries()) {
          const parameters = tpe.propose(index + 1, history)
          expect(Object.keys(parameters)).toEqual(Object.keys(space))
          expect(Number(parameters.rate)).toBeGreaterThanOrEqual(1e-5)
          expect(Number(parameters.rate)).toBeLessThanOrEqual(1)
          expect(parameters.share).toBe(Number(Number(parameters.share).toFixed(1)))
          expect([2, 5, 8, 11]).toContain(parameters.depth)
          expect(Number.isInteger(parameters.units) && Number(parameters.units) >= 1 && Number(parameters.units) <= 512).toBe(
            true,
          )
          expect(Number.isFinite(parameters.shift)).toBe(true)
          expect(parameters.fixed).toBe(4)
          expect(space.method).toContainEqual(parameters.method)
          history.record({ iteration: index + 1, parameters, state, ...(value === undefined ? {} : { value }) })
        }
      }),
      { numRuns: 30 },
    )
  })

  it('looks away from what fails and from what runs now', () => {
    const line = { x: { type: 'uniform', low: 0, high: 1 } } as const
    const proposals = (others: (index: number) => Partial<Trial> & { x: number }): number[] =>
      Array.from({ length: 60 }, (_, seed) => {
        const random = createRandom(seed)
        const history = new TrialHistory()
        for (let iteration = 1; iteration <= 20; iteration++) {
          const x = random.next()
          history.record({ iteration, parameters: { x }, state: 'completed', value: 0 })
        }
        for (let index = 0; index < 20; index++) {
          const { x, ...trial } = others(index)
          history.record({ iteration: 21 + index, parameters: { x }, state: 'failed', ...trial })
        }
        return Number(createTpeSampler(line, { seed, size: 100, direction: 'maximize' }).propose(50, history).x)
      })
    const inUpperHalf = (values: number[]) => values.filter((value) => value > 0.5).length
    for (const trial of [{ state: 'failed' }, { state: 'running' }, { state: 'completed', value: Number.NaN }] as const) {
      expect(inUpperHalf(proposals((index) => ({ x: 0.5 + index / 40, ...trial })))).toBeLessThan(25)
    }
  })

  it('ignores skipped trials and values it does not know', () => {
    const random = sampler(3).propose(1, new TrialHistory())
    const history = new TrialHistory()
    for (let iteration = 2; iteration < 30; iteration++) {
      history.record({ iteration, parameters: { rate: 'many' }, state: 'completed', value: 1 })
    }
    history.record({ iteration: 30, parameters: random, state: 'skipped', value: 1 })
    expect(sampler(3).propose(1, history)).toEqual(random)
  })

  it('maximises as well as it minimises', () => {
    const line = { x: { type: 'uniform', low: 0, high: 1 } } as const
    for (const direction of ['maximize', 'minimize'] as const) {
      const tpe = createTpeSampler(line, { seed: 4, size: 60, direction })
      const history = new TrialHistory()
      for (let iteration = 1; iteration <= 60; iteration++) {
        const parameters = tpe.propose(iteration, history)
        history.record({ iteration, parameters, state: 'completed', value: Number(parameters.x) })
      }
      const last = history
        .trials()
        .slice(-20)
        .map((trial) => Number(trial.parameters.x))
      if (direction === 'maximize') expect(quantile(last, 0.5)).toBeGreaterThan(0.9)
      else expect(quantile(last, 0.5)).toBeLessThan(0.1)
    }
  })
})

describe('the Parzen estimator', () => {
  it('is a density: it sums to one over steps and categories, and integrates to one', () => {
    const sumOf = (hyperParameter: HyperParameter, positions: number[], observed: number[], width = 1) => {
      const estimator = createParzenEstimator(
        [createDimension('x', hyperParameter)],
        observed.map((position) => [position]),
      )
      return positions.reduce((sum, position) => sum + width * Math.exp(estimator.logDensity([position])), 0)
    }
    const steps = Array.from({ length: 10 }, (_, index) => index + 1)
    expect(sumOf({ type: 'int', low: 1, high: 10 }, steps, [3, 3, 9])).toBeCloseTo(1, 5)
    expect(sumOf({ type: 'int', low: 1, high: 10, log: true }, steps.map(Math.log), [0.1, 2])).toBeCloseTo(1, 5)
    expect(sumOf(['a', 'b', 'c'], [0, 1, 2], [1, 1, 2])).toBeCloseTo(1, 5)
    const fine = Array.from({ length: 2_000 }, (_, index) => (index + 0.5) / 2_000)
    expect(sumOf({ type: 'uniform', low: 0, high: 1 }, fine, [0, 0.2, 1], 1 / 2_000)).toBeCloseTo(1, 4)
  })

  it('knows the normal distribution into its tails', () => {
    expect(normalMass(-1, 1)).toBeCloseTo(0.682689, 5)
    expect(normalMass(Number.NEGATIVE_INFINITY, 0)).toBeCloseTo(0.5, 6)
    expect(normalMass(6, 7) / 9.852e-10).toBeCloseTo(1, 3)
    expect(normalMass(-7, -6) / normalMass(6, 7)).toBeCloseTo(1, 6)
  })
})

// 30 seeds each. "Not worse" is a median within Optuna's upper quartile; the full comparison in compat/optuna is stricter.
describe.each(standardFunctions)('on $name', (problem) => {
  const peer = optunaResults(readFileSync(new URL('../../../../../compat/optuna/optuna-results.json', import.meta.url), 'utf8'))[
    problem.name
  ]!
  const seeds = Array.from({ length: 12 }, (_, seed) => seed)
  const found = seeds.map((seed) => smallestValue(problem, 'tpe', seed))

  it('optimises the same function as the peer', () => {
    expect(problem.evaluate(peer.checkpoint.parameters)).toBeCloseTo(peer.checkpoint.value, 10)
    expect(problem.trials).toBe(peer.trials)
  })

  it("reaches a median no worse than the upper quartile of Optuna's, and better than the best quarter of random search", () => {
    const random = seeds.map((seed) => smallestValue(problem, 'random', seed))
    expect(quantile(found, 0.5)).toBeLessThanOrEqual(quantile(peer.best, 0.75))
    expect(quantile(found, 0.5)).toBeLessThan(quantile(random, 0.25))
  })
})
