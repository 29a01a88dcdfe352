import type { RunState } from '@trainyard/contract'

export const runStatusNumbers = { RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 } as const
export type RunStatus = keyof typeof runStatusNumbers

const statusOfState: Record<RunState, RunStatus> = {
  created: 'SCHEDULED',
  pending: 'SCHEDULED',
  running: 'RUNNING',
  aborting: 'RUNNING',
  completed: 'FINISHED',
  failed: 'FAILED',
  aborted: 'KILLED',
  skipped: 'KILLED',
}

const stateOfStatus: Record<RunStatus, RunState> = {
  RUNNING: 'running',
  SCHEDULED: 'pending',
  FINISHED: 'completed',
  FAILED: 'failed',
  KILLED: 'aborted',
}

export const toStatus = (state: RunState): RunStatus => statusOfState[state]
export const toState = (status: RunStatus): RunState => stateOfStatus[status]

/** The states that clients see as one of the statuses that `accepts` takes. */
export const statesWhere = (accepts: (status: RunStatus) => boolean): RunState[] =>
  (Object.keys(statusOfState) as RunState[]).filter((state) => accepts(statusOfState[state]))

/** The states in the order of their statuses' letters, those of one status together: how clients expect runs to be sorted. */
export const statesByStatus: readonly (readonly RunState[])[] = (Object.keys(runStatusNumbers) as RunStatus[])
  .sort((left, right) => (left < right ? -1 : 1))
  .map((status) => statesWhere((other) => other === status))
