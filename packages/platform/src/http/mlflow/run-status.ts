import {
  type MlflowStatus,
  mlflowStatusNumbers,
  mlflowStatusOfState,
  type RunState,
  stateOfMlflowStatus,
} from '@trainyard/contract'

export { mlflowStatusNumbers as runStatusNumbers }
export type RunStatus = MlflowStatus

export const toStatus = (state: RunState): RunStatus => mlflowStatusOfState[state]
export const toState = (status: RunStatus): RunState => stateOfMlflowStatus[status]

/** The states that clients see as one of the statuses that `accepts` takes. */
export const statesWhere = (accepts: (status: RunStatus) => boolean): RunState[] =>
  (Object.keys(mlflowStatusOfState) as RunState[]).filter((state) => accepts(mlflowStatusOfState[state]))

/** The states in the order of their statuses' letters, those of one status together: how clients expect runs to be sorted. */
export const statesByStatus: readonly (readonly RunState[])[] = (Object.keys(mlflowStatusNumbers) as RunStatus[])
  .sort((left, right) => (left < right ? -1 : 1))
  .map((status) => statesWhere((other) => other === status))
