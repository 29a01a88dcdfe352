import { setTimeout as delay } from 'node:timers/promises'
import { isEnded, type RunExit, type RunRecord, type Supervisor } from '@trainyard/contract'
import { stopGroup } from './abort.ts'
import { endOrphan, isJournalWhole } from './adoption.ts'
import { RunCarrier } from './carrier.ts'
import { ChildRuns } from './child-runs.ts'
import type { Execution } from './execution.ts'
import { watchForAbort } from './heartbeat.ts'
import { isAlive } from './process-identity.ts'
import { renewRunDirectory, runDirectoryOf } from './run-directory.ts'
import { placeName } from './start-process.ts'
import { substrateFor } from './substrates/table.ts'
import { supervisorOf } from './supervisor-of.ts'

const pollMs = 100
const graceMs = 10_000

/**
 * Takes over a run whose supervisor died and whose process may go on: carries what it logs, minds its time-out and its abort, and gives
 * it its end. Undefined when somebody else has taken it over. The run is a single one, no sweep.
 * One whose process was started and never told to begin is `pending` again: nothing of the user's has run.
 */
export async function superviseOrphan(
  execution: Execution,
  id: string,
  options: { timeoutMs?: number; waitsWith: Supervisor; onFailure: (error: unknown) => void },
): Promise<RunRecord | undefined> {
  const { runs } = execution.tracking
  const found = await runs.get(id)
  if (isEnded(found.state)) return found
  const child = found.supervisor?.child
  const mine = { ...supervisorOf(execution), ...(child === undefined ? {} : { child }) }
  if (!(await runs.claim(id, { expected: found.supervisor, next: mine }))) return undefined
  const directory = runDirectoryOf(execution.directory.runs, id)
  const children = new ChildRuns(execution, found, mine)
  const carrier = new RunCarrier(execution, { run: found, directory, fresh: false, onChildren: (made) => children.add(made) })
  await carrier.actOnPending()
  carrier.follow()
  let stopping: { atMs: number; exit?: RunExit } | undefined
  const stop = (exit?: RunExit): void => {
    if (stopping !== undefined) return
    stopping = { atMs: performance.now(), ...(exit === undefined ? {} : { exit }) }
    stopGroup({ ...found, supervisor: mine }, 'SIGTERM')
  }
  using _watch = watchForAbort(execution, { runIds: () => [id], onAbort: () => stop(), onFailure: options.onFailure })
  const { timeoutMs } = options
  const isGoingOn = (): boolean => child !== undefined && isAlive(child)
  for (; isGoingOn(); await delay(pollMs)) {
    if (stopping !== undefined && performance.now() - stopping.atMs > graceMs)
      stopGroup({ ...found, supervisor: mine }, 'SIGKILL')
    const ranMs = execution.clock.nowMs() - (found.startedAtMs ?? found.createdAtMs)
    if (timeoutMs !== undefined && ranMs > timeoutMs) stop({ kind: 'timed_out', afterMs: timeoutMs })
  }
  if (found.task?.image !== undefined) await substrateFor({ image: found.task.image }).clear(placeName(id))
  // Asked after the process has gone: whatever it wrote is there to be taken.
  const facts = await carrier.catchUp()
  const run = await runs.get(id)
  if (isEnded(run.state)) return run
  const neverBegan = facts.start === undefined && isJournalWhole(found, directory)
  if (neverBegan && run.state === 'running' && stopping === undefined) {
    await children.leave()
    const atMs = execution.clock.nowMs()
    await runs.transition(id, {
      to: 'pending',
      from: ['running'],
      reason: 'queued',
      atMs,
      patch: { supervisor: options.waitsWith },
    })
    renewRunDirectory(execution.directory.runs, id, await execution.tracking.logs.sizeBytes(id))
    return await runs.get(id)
  }
  await endOrphan(execution, {
    run,
    children,
    carrier,
    facts,
    directory,
    ...(stopping?.exit === undefined ? {} : { exit: stopping.exit }),
  })
  return await runs.get(id)
}
