import type { Firing } from '../../schedules/index.ts'

/** What came of a firing, in a word: how its run is or ended, `skipped` or `failed`. */
export const outcomeOf = ({ outcome, runState }: Firing): string => (outcome === 'started' ? (runState ?? 'removed') : outcome)
