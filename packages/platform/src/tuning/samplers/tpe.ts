import type { JsonValue } from '@trainyard/contract'
import type { HyperParameter } from '../distributions.ts'
import { createRandom } from '../random.ts'
import { compareValues, type Selector } from '../selector.ts'
import type { Trial, TrialHistory } from '../trial-history.ts'
import { createDimension, type Dimension } from './dimension.ts'
import { createParzenEstimator, type Point } from './parzen-estimator.ts'
import { drawAll } from './random.ts'
import type { Sampler } from './sampler.ts'

export interface TpeOptions {
  seed: number
  size: number
  direction: Selector['direction']
  /** Finished trials before the model is asked; until then draws are random. Default 10. */
  startupTrials?: number
  /** Candidates drawn for one proposal. Default 24. */
  candidates?: number
}

/**
 * Tree-structured Parzen estimator (Bergstra et al. 2011) over all parameters at once: one density is fitted to the best tenth of
 * the finished trials (at most 25), one to the rest; of a few draws from the first, the one with the best ratio is proposed.
 *
 * Trials that run now count among the rest, so that parallel proposals spread out; so do failed, stopped and NaN ones, so that
 * regions that break are left. Skipped trials, and trials that lack a parameter, are not looked at.
 */
export const createTpeSampler = (hyperParameters: Readonly<Record<string, HyperParameter>>, options: TpeOptions): Sampler => {
  const { seed, size, direction, startupTrials = 10, candidates = 24 } = options
  const dimensions = Object.entries(hyperParameters).map(([key, hyperParameter]) => createDimension(key, hyperParameter))
  return {
    size,
    propose: (iteration, history) => {
      const random = createRandom(seed, iteration)
      const located = locateTrials(dimensions, history)
      const finished = located.filter(({ trial }) => trial.state === 'completed' || trial.state === 'pruned')
      if (finished.length < startupTrials) return drawAll(hyperParameters, random)
      const { good, rest } = split(located, { direction, goodCount: Math.min(Math.ceil(0.1 * finished.length), 25) })
      const goodDensity = createParzenEstimator(dimensions, good)
      const restDensity = createParzenEstimator(dimensions, rest)
      let best: { point: Point; score: number } | undefined
      for (let candidate = 0; candidate < candidates; candidate++) {
        const point = goodDensity.sample(random)
        const score = goodDensity.logDensity(point) - restDensity.logDensity(point)
        if (best === undefined || score > best.score) best = { point, score }
      }
      return toParameters(dimensions, best?.point ?? [])
    },
  }
}

interface LocatedTrial {
  trial: Trial
  point: Point
}

const locateTrials = (dimensions: readonly Dimension[], history: TrialHistory): LocatedTrial[] =>
  history.trials().flatMap((trial) => {
    if (trial.state === 'skipped') return []
    const point = dimensions.map((dimension) => dimension.locate(trial.parameters[dimension.key]))
    return point.every((position) => position !== undefined) ? [{ trial, point }] : []
  })

/** Both parts keep the order of the iterations. */
const split = (
  located: readonly LocatedTrial[],
  { direction, goodCount }: { direction: Selector['direction']; goodCount: number },
): { good: Point[]; rest: Point[] } => {
  const ranked = located
    .filter(({ trial }) => trial.state === 'completed' && trial.value !== undefined && !Number.isNaN(trial.value))
    .sort((left, right) => compareValues(left.trial.value!, right.trial.value!, direction))
  const good = new Set(ranked.slice(0, goodCount))
  return {
    good: located.filter((one) => good.has(one)).map(({ point }) => point),
    rest: located.filter((one) => !good.has(one)).map(({ point }) => point),
  }
}

const toParameters = (dimensions: readonly Dimension[], point: Point): Record<string, JsonValue> =>
  Object.fromEntries(dimensions.map((dimension, index) => [dimension.key, dimension.value(point[index]!)]))
