import type { RunState } from '@trainyard/contract'

/** States of runs by their names in this dialect. */
const statesOfWords: Readonly<Record<string, RunState>> = {
  created: 'created',
  pending: 'pending',
  pendingretry: 'pending',
  running: 'running',
  unknown: 'running',
  completed: 'completed',
  error: 'failed',
  failed: 'failed',
  aborting: 'aborting',
  aborted: 'aborted',
  skipped: 'skipped',
}

/** Undefined for a word that names none. */
export const toState = (word: unknown): RunState | undefined =>
  typeof word === 'string' ? statesOfWords[word.toLowerCase()] : undefined

/** What the document says, as long as the record is in the state it means. */
export const stateWord = (state: RunState, written?: unknown): string => {
  if (typeof written === 'string' && toState(written) === state) return written
  return state === 'failed' ? 'error' : state
}

export const isBusy = (state: RunState): boolean => state === 'running' || state === 'pending' || state === 'aborting'
