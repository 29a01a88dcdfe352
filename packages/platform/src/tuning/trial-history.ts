import type { JsonValue, RunState } from '@trainyard/contract'
import { type IterationResult, numericResult, type Selector } from './selector.ts'

/**
 * One iteration as a sampler sees it. `pruned` was stopped early; `value` is then its last one. `skipped` was never started, or
 * its end says nothing about its parameters. `value` may be NaN or infinite.
 */
export interface Trial {
  iteration: number
  parameters: Readonly<Record<string, JsonValue>>
  state: 'running' | 'completed' | 'failed' | 'pruned' | 'skipped'
  value?: number
}

const trialStates: Record<RunState, Trial['state']> = {
  created: 'running',
  pending: 'running',
  running: 'running',
  aborting: 'running',
  completed: 'completed',
  failed: 'failed',
  aborted: 'pruned',
  skipped: 'skipped',
}

/** A stored iteration as a trial. Without a selector no trial has a value. */
export const trialOfRun = (
  run: IterationResult & { parameters: Readonly<Record<string, JsonValue>> },
  selector: Selector | undefined,
): Trial => {
  const value = selector === undefined ? undefined : numericResult(run.results, selector.name)
  const state = trialStates[run.state]
  const { iteration, parameters } = run
  return value === undefined ? { iteration, parameters, state } : { iteration, parameters, state, value }
}

/** The iterations of one sweep by number. Recording an iteration again replaces it. */
export class TrialHistory {
  readonly #trials = new Map<number, Trial>()
  #firstMissing = 1

  constructor(trials: Iterable<Trial> = []) {
    for (const trial of trials) this.record(trial)
  }

  record(trial: Trial): void {
    this.#trials.set(trial.iteration, trial)
  }

  get(iteration: number): Trial | undefined {
    return this.#trials.get(iteration)
  }

  /** The smallest number from 1 on that has no trial. Constant time over a whole sweep: it only ever moves up. */
  get firstMissing(): number {
    while (this.#trials.has(this.#firstMissing)) this.#firstMissing++
    return this.#firstMissing
  }

  get size(): number {
    return this.#trials.size
  }

  /** In order of iteration, whatever the order of recording. */
  trials(): Trial[] {
    return [...this.#trials.values()].sort((left, right) => left.iteration - right.iteration)
  }
}
