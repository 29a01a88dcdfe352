import type { Supervisor } from '@trainyard/contract'
import type { Execution } from './execution.ts'
import { currentSupervisor } from './process-identity.ts'

/** This process as the supervisor of a run of this execution. */
export const supervisorOf = ({ clock, directory, queued }: Pick<Execution, 'clock' | 'directory' | 'queued'>): Supervisor => ({
  ...currentSupervisor(clock.nowMs(), directory),
  ...(queued === true ? { queued } : {}),
})
