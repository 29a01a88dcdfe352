import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isEnded, type RunRecord } from '@trainyard/contract'
import { systemErrorCode } from '../base/errors.ts'
import { adoptRuns } from './adoption.ts'
import type { Execution } from './execution.ts'
import { isAlive, supervisorStatus } from './process-identity.ts'
import { signalGroup } from './substrates/local-process.ts'

const graceMs = 10_000
const pollMs = 50
/** A supervisor that was asked gets its own grace, and a little time to write the record. */
const patienceMs = graceMs + 20_000

/**
 * Stops a run that another process started: the wish is written into its record, its supervisor is told to look, and the call
 * waits until the record has ended. A run whose supervisor is gone is stopped from here, group and all.
 */
export async function abortRun(
  execution: Execution,
  id: string,
  options: { reason: string; force: boolean },
): Promise<RunRecord> {
  const { runs } = execution.tracking
  const before = await runs.get(id)
  if (isEnded(before.state)) return before
  if (before.state !== 'aborting')
    await runs.transition(id, { to: 'aborting', reason: options.reason, atMs: execution.clock.nowMs() })
  // A bare run watches itself and knows no such signal (it would die of it): it is stopped as an orphan is.
  const bare = before.task === null && before.parentId === null && before.supervisor?.child === undefined
  if (bare && before.supervisor !== null)
    await stopOrphan({ ...before, supervisor: { ...before.supervisor, child: before.supervisor } })
  else if (before.supervisor !== null && supervisorStatus(before.supervisor) === 'alive') tell(before.supervisor.pid)
  if (options.force) stopGroup(before, 0)
  for (const startedMs = Date.now(); Date.now() - startedMs < patienceMs; await delay(pollMs)) {
    const now = await runs.get(id)
    if (isEnded(now.state)) return now
    if (now.supervisor === null || supervisorStatus(now.supervisor) === 'gone') {
      await stopOrphan(now)
      await adoptRuns(execution)
    }
  }
  throw new AppError(
    'unavailable',
    `Run ${id} did not end within ${patienceMs / 1000} s; its supervisor on ${before.host} was asked to stop it.`,
  )
}

function tell(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR2')
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}

function stopGroup(run: RunRecord, waitMs: number): void {
  const child = run.supervisor?.child
  if (child !== undefined && run.supervisor?.host === hostname() && isAlive(child))
    signalGroup(child.pid, waitMs === 0 ? 'SIGKILL' : 'SIGTERM')
}

async function stopOrphan(run: RunRecord): Promise<void> {
  const child = run.supervisor?.child
  if (child === undefined || !isAlive(child)) return
  stopGroup(run, graceMs)
  for (const startedMs = Date.now(); isAlive(child) && Date.now() - startedMs < graceMs; await delay(pollMs));
  stopGroup(run, 0)
  await delay(pollMs)
}
