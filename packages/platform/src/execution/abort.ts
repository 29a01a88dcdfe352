import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isEnded, type RunRecord } from '@trainyard/contract'
import { systemErrorCode } from '../base/errors.ts'
import { remoteHostOf, reporter } from '../tracking/index.ts'
import { adoptRuns } from './adoption.ts'
import type { Execution } from './execution.ts'
import { isAlive, readProcessStat, supervisorStatus, watchesItself } from './process-identity.ts'
import { signalGroup } from './substrates/local-process.ts'

const graceMs = 10_000
const pollMs = 50
/** A supervisor that was asked gets its own grace, and a little time to write the record. */
const patienceMs = graceMs + 20_000

/**
 * Stops a run that another process started: the wish is written into its record, its supervisor is told to look, and the call
 * waits until the record has ended. A run whose supervisor is gone is stopped from here, group and all. Of one that a client watches
 * only the record is closed: there is no process here to stop. One that works on another machine hears of it when that machine
 * next sends: when it has not ended in time, that is `unavailable`, and the wish stays.
 */
export async function abortRun(
  execution: Execution,
  id: string,
  options: { reason: string; force: boolean },
): Promise<RunRecord> {
  const { runs } = execution.tracking
  const before = await runs.get(id)
  if (isEnded(before.state)) return before
  if (before.supervisor?.host === reporter(0).host) return await closeReported(execution, before, options.reason)
  if (before.state !== 'aborting')
    await runs.transition(id, { to: 'aborting', reason: options.reason, atMs: execution.clock.nowMs() })
  // A bare run watches itself and knows no such signal (it would die of it): it is stopped as an orphan is.
  const { supervisor } = before
  if (supervisor !== null && watchesItself(supervisor)) await stopOrphan(execution, before)
  else if (supervisor !== null && supervisorStatus(supervisor) === 'alive') tell(supervisor.pid)
  if (options.force) stopGroup(before, 'SIGKILL')
  for (const startedMs = performance.now(); performance.now() - startedMs < patienceMs; await delay(pollMs)) {
    const now = await runs.get(id)
    if (isEnded(now.state)) return now
    if (now.supervisor === null || supervisorStatus(now.supervisor) === 'gone') {
      await stopOrphan(execution, now)
      await adoptRuns(execution)
    }
  }
  const remoteHost = supervisor === null ? undefined : remoteHostOf(supervisor)
  if (remoteHost !== undefined)
    throw new AppError(
      'unavailable',
      `Run ${id} works on ${remoteHost}, which has not been heard of for ${patienceMs / 1000} s; it stops when it next reaches this server.`,
    )
  throw new AppError(
    'unavailable',
    `Run ${id} did not end within ${patienceMs / 1000} s; its supervisor on ${before.host} was asked to stop it.`,
  )
}

/** Its program is not told: when it goes on, what it logs and how it says it ended still count. */
async function closeReported({ tracking }: Execution, { id }: RunRecord, reason: string): Promise<RunRecord> {
  await tracking.reported.setState(id, { state: 'aborted', reason: `${reason}; its program watches itself and was not stopped` })
  return await tracking.runs.get(id)
}

function tell(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR2')
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}

export function stopGroup(run: RunRecord, signal: 'SIGTERM' | 'SIGKILL'): void {
  const child = run.supervisor?.child
  if (child === undefined || run.supervisor?.host !== hostname() || !isAlive(child)) return
  // A bare script is in the group of whoever started it, perhaps a shell's.
  if (readProcessStat(child.pid)?.processGroup === child.pid) signalGroup(child.pid, signal)
  else process.kill(child.pid, signal)
}

const isRunning = ({ supervisor }: RunRecord): boolean => supervisor?.child !== undefined && isAlive(supervisor.child)

/** Processes of a run without a supervisor; those of a sweep's iterations lead groups of their own. */
async function stopOrphan(execution: Execution, run: RunRecord): Promise<void> {
  const iterations = run.kind === 'sweep' ? await execution.tracking.runs.children(run.id) : []
  const unfinished = iterations.filter(({ state }) => !isEnded(state))
  for (const { id, state } of unfinished) {
    if (state !== 'aborting')
      // One that has just ended needs no stopping.
      await execution.tracking.runs.transition(id, {
        to: 'aborting',
        reason: 'aborted with its sweep',
        atMs: execution.clock.nowMs(),
      })
  }
  const affected = [run, ...unfinished].filter(isRunning)
  for (const one of affected) stopGroup(one, 'SIGTERM')
  for (const startedMs = performance.now(); affected.some(isRunning) && performance.now() - startedMs < graceMs;)
    await delay(pollMs)
  for (const one of affected) stopGroup(one, 'SIGKILL')
  while (affected.some(isRunning)) await delay(pollMs)
}
