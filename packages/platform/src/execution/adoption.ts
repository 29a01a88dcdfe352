import { readdirSync, statSync } from 'node:fs'
import { hostname, uptime, userInfo } from 'node:os'
import { isAppError, isEnded, runIdPattern, type RunExit, type RunRecord, type Supervisor } from '@trainyard/contract'
import { RunCarrier } from './carrier.ts'
import { ChildRuns } from './child-runs.ts'
import { concludeRun } from './conclude.ts'
import type { Execution } from './execution.ts'
import { type JournalFacts, scanJournals } from './journal-scan.ts'
import { bootId, currentSupervisor, isAlive, startTicksOf, supervisorStatus } from './process-identity.ts'
import { removeRunDirectory, type RunDirectory, runDirectoryOf } from './run-directory.ts'

export interface AdoptionReport {
  /** Runs taken in whose process had ended: finished ones and lost ones. */
  concluded: { id: string; name: string; state: string; reason: string | null }[]
  /** Alive, but nobody watches them: what they logged so far was taken in. */
  unattended: string[]
}

/**
 * Takes care of runs nobody watches: their supervisor was killed, or they were made by a bare `import trainyard`. Whatever their
 * journals and output hold goes into the records; one whose process has ended gets its final state. Any number of processes may
 * do this at once: each run is claimed first. Costs one directory listing and one query when there is nothing to do.
 */
export async function adoptRuns(execution: Execution): Promise<AdoptionReport> {
  const report: AdoptionReport = { concluded: [], unattended: [] }
  const unfinished = new Map((await execution.tracking.runs.unfinished()).map((run) => [run.id, run]))
  const folders = readdirSync(execution.directory.runs).filter((name) => runIdPattern.test(name))
  for (const id of folders) if (!unfinished.has(id)) await introduce(execution, id, unfinished)
  // Children before parents, so that a parent's summary sees their final states.
  const ordered = [...unfinished.values()].sort((one, other) => Number(one.parentId === null) - Number(other.parentId === null))
  for (const run of ordered) {
    if (run.supervisor !== null && supervisorStatus(run.supervisor) !== 'gone') {
      // A bare run watches itself: it logs, but only we carry.
      if (!isBare(run) || supervisorStatus(run.supervisor) === 'elsewhere') continue
    }
    await adopt(execution, run, report)
  }
  return report
}

/** A run directory without an unfinished record: made by a bare import, or left over by an ended run. */
async function introduce(execution: Execution, id: string, unfinished: Map<string, RunRecord>): Promise<void> {
  const directory = runDirectoryOf(execution.directory.runs, id)
  const known = await execution.tracking.runs.find(id)
  if (known !== undefined) {
    if (isEnded(known.state)) removeLeftover(execution, directory)
    return
  }
  const { start } = await scanJournals(directory)
  if (start?.run === undefined) {
    removeLeftover(execution, directory)
    return
  }
  try {
    const { run } = start
    await execution.tracking.runs.create({
      id,
      name: run.name,
      project: run.project,
      experiment: run.experiment ?? run.name,
      kind: run.parentId === undefined ? 'run' : 'iteration',
      ...(run.parentId === undefined ? {} : { parentId: run.parentId }),
      iteration: run.iteration ?? 0,
      state: 'running',
      createdAtMs: start.timeMs,
      owner: userInfo().username,
      host: hostname(),
      parameters: run.parameters ?? {},
      outPath: `${execution.directory.artifacts}/${run.project}/${id}`,
      supervisor: selfWatching(start.pid, start.timeMs),
    })
  } catch (error) {
    // Another command was quicker.
    if (!isAppError(error, 'already_exists')) throw error
    return
  }
  const record = await execution.tracking.runs.find(id)
  if (record !== undefined) unfinished.set(id, record)
}

/** The process itself, unless its pid now belongs to somebody who started after the journal's first line was written. */
function selfWatching(pid: number, startedMs: number): Supervisor {
  const startTicks = startTicksOf(pid)
  const bootedMs = Date.now() - uptime() * 1000
  const startedBefore = startTicks > 0 && bootedMs + startTicks * 10 <= startedMs + 2000
  return { host: hostname(), bootId: bootId(), pid, startTicks: startedBefore ? startTicks : -1, heartbeatAtMs: startedMs }
}

const leftoverAgeMs = 60_000

/** Young ones are left alone: their process may be about to write its first line, or its supervisor about to remove it. */
function removeLeftover(execution: Execution, directory: RunDirectory): void {
  const changedMs = statSync(directory.path, { throwIfNoEntry: false })?.mtimeMs
  if (changedMs !== undefined && execution.clock.nowMs() - changedMs > leftoverAgeMs) removeRunDirectory(directory)
}

/** Made by a bare import: nobody started it from a task, and so far nobody but itself watches it. */
const isBare = (run: RunRecord): boolean => run.supervisor?.child === undefined && run.task === null && run.parentId === null

async function adopt(execution: Execution, run: RunRecord, report: AdoptionReport): Promise<void> {
  const { runs } = execution.tracking
  const watched = isBare(run) ? run.supervisor : run.supervisor?.child
  const child = watched === null || watched === undefined ? undefined : { pid: watched.pid, startTicks: watched.startTicks }
  const alive = child !== undefined && isAlive(child)
  const mine: Supervisor = { ...currentSupervisor(execution.clock.nowMs()), ...(child === undefined ? {} : { child }) }
  if (!(await runs.claim(run.id, { expected: run.supervisor, next: mine }))) return
  const directory = runDirectoryOf(execution.directory.runs, run.id)
  const carrier = new RunCarrier(execution, { run, directory, fresh: false })
  const facts = await carrier.catchUp()
  const children = new ChildRuns(execution, run, mine)
  children.add(facts.children)
  if (alive) {
    report.unattended.push(run.id)
    return
  }
  await children.finish(facts.best.at(-1))
  await conclude(execution, run, facts, report)
  removeRunDirectory(directory)
}

async function conclude(execution: Execution, run: RunRecord, facts: JournalFacts, report: AdoptionReport): Promise<void> {
  const lastSeenAtMs = Math.max(facts.lastTimeMs, run.supervisor?.heartbeatAtMs ?? 0, run.startedAtMs ?? 0)
  const exit: RunExit = { kind: 'lost', lastSeenAtMs, host: run.host, note: `last seen ${new Date(lastSeenAtMs).toISOString()}` }
  const asked = run.state === 'aborting' ? (run.stateReason ?? 'aborted') : undefined
  const conclusion =
    asked !== undefined && facts.end === undefined
      ? { state: 'aborted' as const, reason: asked, error: null }
      : concludeRun(exit, facts.end, asked)
  // `pending` work never began: it is simply not there yet, and `resume` starts it.
  const to = run.state === 'pending' ? 'aborted' : conclusion.state
  const reason =
    run.state === 'pending'
      ? 'never started: its supervisor is gone'
      : run.kind === 'sweep' && facts.end === undefined
        ? 'interrupted: its supervisor vanished; `trainyard resume` finishes it'
        : conclusion.reason
  await execution.tracking.runs.transition(run.id, {
    to,
    ...(reason === null ? {} : { reason }),
    atMs: facts.end === undefined ? execution.clock.nowMs() : facts.lastTimeMs,
    from: [run.state],
    patch: {
      exit: facts.end?.outcome === 'completed' ? { kind: 'exited', code: 0 } : exit,
      error: conclusion.error,
      supervisor: null,
    },
  })
  report.concluded.push({ id: run.id, name: run.name, state: to, reason })
}
