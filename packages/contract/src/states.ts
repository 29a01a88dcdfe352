/**
 * Run states. `created` is a record without work; `pending` waits for a place to run; `aborting` has been asked to stop;
 * `skipped` was never started on purpose (for example a sweep iteration after the stop condition held).
 */
export const runTransitions = {
  created: ['pending', 'running', 'skipped', 'aborted', 'failed', 'completed'],
  pending: ['running', 'skipped', 'aborting', 'aborted', 'failed'],
  /** Back to `pending` between two attempts of a run with retries. */
  running: ['completed', 'failed', 'aborting', 'aborted', 'pending'],
  aborting: ['aborted', 'completed', 'failed'],
  /** Ended states go back to `pending` only when `resume` repeats a lost or aborted piece of work under the same record. */
  /** A sweep whose failed iterations are tried again, or that gets more of them. */
  completed: ['pending', 'running'],
  failed: ['pending', 'running'],
  aborted: ['pending', 'running'],
  skipped: ['pending', 'running'],
} as const satisfies Record<string, readonly string[]>

export type RunState = keyof typeof runTransitions
export const runStates = Object.keys(runTransitions) as RunState[]
export const endedStates = ['completed', 'failed', 'aborted', 'skipped'] as const satisfies readonly RunState[]

export const isEnded = (state: RunState): boolean => (endedStates as readonly RunState[]).includes(state)
export const canTransition = (from: RunState, to: RunState): boolean => (runTransitions[from] as readonly RunState[]).includes(to)
