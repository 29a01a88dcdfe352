import type { Supervisor } from '@trainyard/contract'
import { currentSupervisor, supervisorStatus } from '../execution/index.ts'

/** A process, as it stands in a lease: enough for another one of the same machine to see whether it lives. */
export function leaseOwner(nowMs: number): string {
  const { host, bootId, pid, startTicks } = currentSupervisor(nowMs)
  return [host, bootId, pid, startTicks].join('|')
}

/** `elsewhere` cannot be seen from here: its lease has to run out. */
export function ownerStatus(owner: string): ReturnType<typeof supervisorStatus> {
  const [host = '', bootId = '', pid, startTicks] = owner.split('|')
  const process: Supervisor = { host, bootId, pid: Number(pid), startTicks: Number(startTicks), heartbeatAtMs: 0 }
  return supervisorStatus(process)
}
