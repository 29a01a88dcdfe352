import type { RunState } from './states.ts'

/** States of runs by their names in MLRun's documents. */
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
export const stateOfWord = (word: unknown): RunState | undefined =>
  typeof word === 'string' ? statesOfWords[word.toLowerCase()] : undefined
