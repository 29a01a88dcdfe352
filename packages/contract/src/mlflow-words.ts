import type { JsonValue } from './json.ts'
import type { RunState } from './states.ts'

/** What runs are called on MLflow's side, with the numbers its files and messages write. */
export const mlflowStatusNumbers = { RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 } as const
export type MlflowStatus = keyof typeof mlflowStatusNumbers

export const mlflowStatusOfState: Record<RunState, MlflowStatus> = {
  created: 'SCHEDULED',
  pending: 'SCHEDULED',
  running: 'RUNNING',
  aborting: 'RUNNING',
  completed: 'FINISHED',
  failed: 'FAILED',
  aborted: 'KILLED',
  skipped: 'KILLED',
}

export const stateOfMlflowStatus: Record<MlflowStatus, RunState> = {
  RUNNING: 'running',
  SCHEDULED: 'pending',
  FINISHED: 'completed',
  FAILED: 'failed',
  KILLED: 'aborted',
}

/** A parameter as the text that MLflow's clients know. */
export const toParamText = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * A client's text as a typed value, where the two say the same letter by letter: `0.1` becomes a number, `0.10` stays a text. So
 * `params.eta = 0.1` finds it everywhere and the client reads back what it wrote.
 */
export function fromParamText(text: string): JsonValue {
  if (!/^-?\d/.test(text)) return text
  const number = Number(text)
  return JSON.stringify(number) === text ? number : text
}
