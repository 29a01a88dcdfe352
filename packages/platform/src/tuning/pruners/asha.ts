import { compareValues, type Selector } from '../selector.ts'

export interface AshaOptions {
  direction: Selector['direction']
  /** Distinct steps before the first decision. Default 1. */
  minSteps?: number
  /** Distinct steps after which nothing is stopped any more. Default: no end. */
  maxSteps?: number
  /** One in so many goes on at each rung. Default 4. */
  reductionFactor?: number
}

export interface AshaReport {
  trialId: string | number
  step: number
  value: number
}

/** Decides early which iterations are worth going on with. */
export interface Pruner {
  /**
   * Takes one logged value of the selector's metric. Once `stop`, always `stop` for that trial. A step that the trial has reported
   * before changes nothing, so a repeated journal does no harm.
   */
  report(trialId: string | number, step: number, value: number): 'continue' | 'stop'
}

interface TrialState {
  steps: Set<number>
  nextRung: number
  stopped: boolean
}

/**
 * Asynchronous successive halving (Li et al. 2020), the stopping kind. Rungs lie at `minSteps`, `minSteps * reductionFactor`,
 * … distinct steps of a trial. At a rung its value is compared with those of all trials that got there before: it goes on when it
 * is among the best `1 / reductionFactor` of them (at least one, so the first to arrive goes on, and equal values count as equally
 * good). NaN is the worst value, an infinity worse than anything finite.
 *
 * The decisions depend on the order of the reports alone: `earlier` reports in their old order rebuild the state of a sweep that
 * is resumed. Memory: one number per trial and rung, and the steps of each trial until its last rung.
 */
export const createAshaPruner = (options: AshaOptions, earlier: Iterable<AshaReport> = []): Pruner => {
  const { direction, minSteps = 1, maxSteps = Number.POSITIVE_INFINITY, reductionFactor = 4 } = options
  const trials = new Map<string | number, TrialState>()
  const rungs: number[][] = []

  const stateOf = (trialId: string | number): TrialState => {
    const known = trials.get(trialId)
    if (known !== undefined) return known
    const fresh = { steps: new Set<number>(), nextRung: 0, stopped: false }
    trials.set(trialId, fresh)
    return fresh
  }
  const survives = (rung: number, value: number): boolean => {
    const values = (rungs[rung] ??= [])
    values.push(value)
    const better = values.reduce((count, other) => count + (compareValues(other, value, direction) < 0 ? 1 : 0), 0)
    return better < Math.max(1, Math.floor(values.length / reductionFactor))
  }
  const report: Pruner['report'] = (trialId, step, value) => {
    const trial = stateOf(trialId)
    if (trial.stopped) return 'stop'
    const rungSteps = minSteps * reductionFactor ** trial.nextRung
    if (rungSteps > maxSteps || trial.steps.has(step)) return 'continue'
    trial.steps.add(step)
    if (trial.steps.size < rungSteps) return 'continue'
    trial.stopped = !survives(trial.nextRung, value)
    trial.nextRung++
    return trial.stopped ? 'stop' : 'continue'
  }
  for (const { trialId, step, value } of earlier) report(trialId, step, value)
  return { report }
}
