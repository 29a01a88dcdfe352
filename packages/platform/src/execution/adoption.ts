import { existsSync, readdirSync, statSync } from 'node:fs'
import { hostname, uptime, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { isAppError, isEnded, runIdPattern, type RunExit, type RunRecord, type Supervisor } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import { RunCarrier } from './carrier.ts'
import { ChildRuns, endReportedChildren } from './child-runs.ts'
import type { RunPatch } from '../tracking/tracking.ts'
import { type Conclusion, concludeRun, concludeUntold } from './conclude.ts'
import type { Execution } from './execution.ts'
import { type JournalFacts, scanJournals } from './journal-scan.ts'
import { resolveOutPath } from './out-path.ts'
import { bootId, holdsOpen, isAlive, startTicksOf, supervisorStatus, watchesItself } from './process-identity.ts'
import { keepCodeTexts } from './record/code-texts.ts'
import { captureCodeVersion } from './record/code-version.ts'
import { captureEnvironment } from './record/environment-info.ts'
import { removeRunDirectory, type RunDirectory, runDirectoryOf } from './run-directory.ts'
import { supervisorOf } from './supervisor-of.ts'

export interface AdoptionReport {
  /** Runs taken in whose process had ended: finished ones and lost ones. */
  concluded: { id: string; name: string; state: string; reason: string | null }[]
  /** Alive, but nobody watches them: what they logged so far was taken in. */
  unattended: string[]
  /** Could not be taken in; the others were. */
  troubles: { id: string; reason: string }[]
}

/**
 * Takes care of runs nobody watches: their supervisor was killed, or they were made by a bare `import trainyard`. Whatever their
 * journals and output hold goes into the records; one whose process has ended gets its final state. Any number of processes may
 * do this at once: each run is claimed first. Costs one directory listing and one query when there is nothing to do.
 */
export async function adoptRuns(execution: Execution): Promise<AdoptionReport> {
  const report: AdoptionReport = { concluded: [], unattended: [], troubles: [] }
  const unfinished = new Map((await execution.tracking.runs.unfinished()).map((run) => [run.id, run]))
  // Ids begin with their time: a parent is introduced before its children.
  const folders = readdirSync(execution.directory.runs)
    .filter((name) => runIdPattern.test(name))
    .sort()
  /** One run in trouble must not keep the others from being taken in. */
  const attempt = async (id: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      report.troubles.push({ id, reason: messageOf(error) })
    }
  }
  for (const id of folders) if (!unfinished.has(id)) await attempt(id, () => introduce(execution, id, unfinished))
  // Children before parents, so that a parent's summary sees their final states.
  const ordered = [...unfinished.values()].sort((one, other) => Number(one.parentId === null) - Number(other.parentId === null))
  for (const run of ordered) {
    if (run.supervisor !== null) {
      const status = supervisorStatus(run.supervisor)
      // A bare run watches itself: it logs, but only we carry.
      if (status === 'elsewhere' || (status === 'alive' && !watchesItself(run.supervisor))) continue
      if (isOfAnotherDirectory(execution, run)) continue
    }
    await attempt(run.id, () => adopt(execution, run, report))
  }
  return report
}

/** Several data directories may share one database: the journals of a run are taken in where they are. */
function isOfAnotherDirectory({ directory }: Execution, { id, supervisor }: RunRecord): boolean {
  const home = supervisor?.dataDirectory
  return home !== undefined && home !== directory.path && !existsSync(runDirectoryOf(directory.runs, id).path)
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
      outPath: resolveOutPath(
        undefined,
        { uid: id, name: run.name, project: run.project, iteration: 0 },
        { artifacts: execution.directory.artifacts, workingDirectory: execution.workingDirectory },
      ),
      supervisor: selfWatching(directory, start),
    })
  } catch (error) {
    // Another command was quicker, or it is the child of a run that was removed.
    if (!isAppError(error, 'already_exists') && !isAppError(error, 'not_found')) throw error
    return
  }
  const record = await execution.tracking.runs.find(id)
  if (record !== undefined) unfinished.set(id, record)
}

/** The process that writes a journal, unless its pid now belongs to somebody else: neither has it a journal open nor did it start before the journal. */
function writerOf(
  directory: RunDirectory,
  { pid, timeMs }: { pid: number; timeMs: number },
): { pid: number; startTicks: number } {
  const ticks = startTicksOf(pid)
  const bootedMs = Date.now() - uptime() * 1000
  const isSame = ticks > 0 && (holdsOpen(pid, directory.path) || bootedMs + ticks * 10 <= timeMs + 2000)
  return { pid, startTicks: isSame ? ticks : -1 }
}

function selfWatching(directory: RunDirectory, start: { pid: number; timeMs: number }): Supervisor {
  const child = writerOf(directory, start)
  return { host: hostname(), bootId: bootId(), ...child, heartbeatAtMs: start.timeMs, child }
}

const leftoverAgeMs = 60_000

/** Young ones are left alone: their process may be about to write its first line, or its supervisor about to remove it. */
function removeLeftover(execution: Execution, directory: RunDirectory): void {
  const changedMs = statSync(directory.path, { throwIfNoEntry: false })?.mtimeMs
  if (changedMs !== undefined && execution.clock.nowMs() - changedMs > leftoverAgeMs) removeRunDirectory(directory)
}

async function adopt(execution: Execution, found: RunRecord, report: AdoptionReport): Promise<void> {
  const { runs } = execution.tracking
  const child = found.supervisor?.child
  const mine: Supervisor = {
    ...supervisorOf(execution),
    ...(found.supervisor?.queued === true ? { queued: true as const } : {}),
    ...(child === undefined ? {} : { child }),
  }
  if (!(await runs.claim(found.id, { expected: found.supervisor, next: mine }))) return
  // Asked before the last look at its journals: whatever a process wrote that is dead now is there to be taken.
  let isLive = (child !== undefined && isAlive(child)) || (await hasLiveProcesses(execution, found))
  const directory = runDirectoryOf(execution.directory.runs, found.id)
  const children = new ChildRuns(execution, found, mine)
  const carrier = new RunCarrier(execution, { run: found, directory, fresh: false, onChildren: (made) => children.add(made) })
  let facts = await carrier.catchUp()
  // Its supervisor may have died before it could note the process.
  const unnoted =
    child === undefined && facts.end === undefined && facts.start !== undefined ? writerOf(directory, facts.start) : undefined
  if (unnoted !== undefined) {
    isLive ||= isAlive(unnoted)
    if (!isLive) facts = await carrier.catchUp()
  }
  // A notebook ends its run and lives on; a script that has a supervisor of ours may still print after its last entry.
  const isOver = facts.end !== undefined && found.task === null && found.parentId === null
  // A server's job that has lost its server waits for the next one, unless somebody wants it stopped.
  const isLeft = found.supervisor?.queued === true && found.parentId === null && !(await isAborting(execution, found.id))
  if ((isLive && !isOver) || isLeft) {
    await children.leave()
    // Handed back, so that the next command goes on where this one stopped.
    const next = found.supervisor && (unnoted === undefined ? found.supervisor : { ...found.supervisor, child: unnoted })
    if (next !== null) await runs.claim(found.id, { expected: mine, next })
    report.unattended.push(found.id)
    return
  }
  // What it was asked meanwhile (an abort) counts.
  const run = await runs.get(found.id)
  if (isEnded(run.state)) return
  const conclusion = await endOrphan(execution, { run, children, carrier, facts, directory })
  report.concluded.push({ id: run.id, name: run.name, state: conclusion.state, reason: conclusion.reason })
}

const isAborting = async ({ tracking }: Execution, id: string): Promise<boolean> =>
  (await tracking.runs.get(id)).state === 'aborting'

export interface Orphan {
  run: RunRecord
  children: ChildRuns
  carrier: RunCarrier
  facts: JournalFacts
  directory: RunDirectory
  /** How it ended, where that was seen. */
  exit?: RunExit
}

/** Gives a run its end whose process is gone, and whose journals are taken in. */
export async function endOrphan(execution: Execution, orphan: Orphan): Promise<Conclusion> {
  const { run, children, carrier, facts, directory, exit } = orphan
  const { runs } = execution.tracking
  const conclusion = exit === undefined ? concludeOrphan(run, facts, directory) : { ...concludeRun(exit, facts.end), exit }
  await children.finish(carrier.best, conclusion)
  await endReportedChildren(execution, run.id, conclusion)
  // It had been started, and its supervisor had no time to say so.
  if (run.state === 'pending' && facts.start !== undefined)
    await runs.transition(run.id, { to: 'running', atMs: facts.start.timeMs, from: ['pending'] })
  await runs.transition(run.id, {
    to: conclusion.state,
    ...(conclusion.reason === null ? {} : { reason: conclusion.reason }),
    atMs: facts.end === undefined ? execution.clock.nowMs() : facts.lastTimeMs,
    patch: { ...(await describeOrphan(execution, run, facts)), exit: conclusion.exit, error: conclusion.error, supervisor: null },
  })
  removeRunDirectory(directory)
  return conclusion
}

/**
 * Other processes that still work for the run: for a sweep its iterations; for an iteration nobody has seen start, the warm worker
 * of its sweep, which may have started it.
 */
async function hasLiveProcesses(execution: Execution, run: RunRecord): Promise<boolean> {
  const { runs } = execution.tracking
  if (run.kind === 'sweep') return (await runs.children(run.id)).some(({ state }) => !isEnded(state))
  if (run.parentId === null || run.supervisor?.child !== undefined) return false
  const worker = (await runs.find(run.parentId))?.supervisor?.child
  return worker !== undefined && isAlive(worker)
}

type OrphanConclusion = Conclusion & { exit: RunExit }

function concludeOrphan(run: RunRecord, facts: JournalFacts, directory: RunDirectory): OrphanConclusion {
  const { end } = facts
  const lastSeenAtMs = Math.max(facts.lastTimeMs, run.supervisor?.heartbeatAtMs ?? 0, run.startedAtMs ?? 0)
  const lost: RunExit = { kind: 'lost', lastSeenAtMs, host: run.host, note: `last seen ${new Date(lastSeenAtMs).toISOString()}` }
  const asked = run.state === 'aborting' ? (run.stateReason ?? 'aborted') : undefined
  if (end !== undefined) {
    const exit: RunExit =
      end.outcome === 'aborted'
        ? { kind: 'cancelled', forced: false }
        : { kind: 'exited', code: end.outcome === 'completed' ? 0 : 1 }
    return { ...concludeRun(exit, end, asked), exit }
  }
  if (asked !== undefined) return { state: 'aborted', reason: asked, error: null, exit: { kind: 'cancelled', forced: true } }
  // `pending` work never began: it is simply not there yet, and `resume` starts it.
  if (run.state === 'pending' && facts.start === undefined)
    return { state: 'aborted', reason: 'never started: its supervisor is gone', error: null, exit: lost }
  if (run.kind === 'sweep')
    return {
      state: 'failed',
      reason: 'interrupted: its supervisor vanished; `trainyard resume` finishes it',
      error: null,
      exit: lost,
    }
  if (facts.start === undefined && isJournalWhole(run, directory) && run.supervisor?.child !== undefined)
    return { ...concludeUntold('the program that started it ended'), exit: lost }
  return { ...concludeRun(lost, undefined), exit: lost }
}

/** After a crash of the machine, or without its directory, what the journal held may be lost. */
export const isJournalWhole = ({ supervisor }: Pick<RunRecord, 'supervisor'>, { path }: RunDirectory): boolean =>
  supervisor?.bootId === bootId() && existsSync(path)

/** What its supervisor had no time to record, or what a bare run never had anybody record: its code and its environment. */
async function describeOrphan(execution: Execution, run: RunRecord, { start }: JournalFacts): Promise<RunPatch> {
  const { source, interpreter } = start ?? {}
  const file = source?.file
  const code =
    run.code !== null || run.parentId !== null || file === undefined || !existsSync(file)
      ? undefined
      : await captureCodeVersion({
          file,
          ...(source?.handler === undefined ? {} : { handler: source.handler }),
          commandLine: [file, ...(source?.arguments ?? [])],
          workingDirectory: source?.workingDirectory ?? dirname(file),
          environment: execution.environment,
        })
  const environment =
    run.environment !== null || run.parentId !== null || interpreter === undefined
      ? undefined
      : await captureEnvironment(execution, interpreter, { recorded: 'when the run was taken in by a later command' })
  return {
    ...(code === undefined ? {} : { code: await keepCodeTexts(execution.directory, code) }),
    ...(environment === undefined ? {} : { environment }),
  }
}
