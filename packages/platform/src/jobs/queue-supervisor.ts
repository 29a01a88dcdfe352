import type { RunRecord, Supervisor } from '@trainyard/contract'

const host = '(queue)'

/** Stands in for the supervisor of a run that waits for a server: on a host no process can look at, so that nobody takes it over. */
export const queueSupervisor = (nowMs: number): Supervisor => ({
  host,
  bootId: '',
  pid: 0,
  startTicks: 0,
  heartbeatAtMs: nowMs,
  queued: true,
})

/** Whether the run waits in the queue. */
export const isQueued = ({ supervisor }: Pick<RunRecord, 'supervisor'>): boolean => supervisor?.host === host
