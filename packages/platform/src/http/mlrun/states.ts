import { type RunState, stateOfWord } from '@trainyard/contract'

/** What the document says, as long as the record is in the state it means. */
export const stateWord = (state: RunState, written?: unknown): string => {
  if (typeof written === 'string' && stateOfWord(written) === state) return written
  return state === 'failed' ? 'error' : state
}

export const isBusy = (state: RunState): boolean => state === 'running' || state === 'pending' || state === 'aborting'
