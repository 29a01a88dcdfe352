import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { hostname } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { AppError, type RunExit } from '@trainyard/contract'
import { storageError, systemErrorCode, systemReason } from '../../base/errors.ts'
import { isAlive, sessionMembers, startTicksOf } from '../process-identity.ts'
import { outOfMemoryKills, ranOutOfMemory } from './out-of-memory.ts'

export interface ProcessPlan {
  command: string
  arguments: string[]
  environment: Record<string, string>
  workingDirectory: string
}

/** How to end a process: a polite signal, then SIGKILL when the grace is over. */
export interface StopRequest {
  graceMs: number
  /** Why, for the exit that is reported. */
  because: { kind: 'cancelled' } | { kind: 'timed_out'; afterMs: number }
}

/** A process of ours that leads a session and process group of its own, so that nothing it starts escapes a stop. */
export interface LocalProcess {
  readonly pid: number
  readonly startTicks: number
  /** Lines of JSON to the child (descriptor 3). */
  readonly control: Writable
  /** Lines of JSON from the child (descriptor 4), for those that tell events. */
  readonly events: Readable
  /** Resolves when the process itself has ended; its descendants may live on. Rejects when it could not be started. */
  readonly exit: Promise<RunExit>
  /** Idempotent; a second call with a shorter grace hurries. */
  readonly stop: (request: StopRequest) => void
  /** Descendants still in its session after the end. */
  readonly leftBehind: () => number[]
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH' && systemErrorCode(error) !== 'EPERM') throw error
  }
}

function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}

export const startFailure = (plan: ProcessPlan, error: unknown): AppError =>
  new AppError('failed_precondition', `Cannot start ${plan.command}: ${systemReason(error)}.`, { cause: error })

/**
 * Starts `plan` with standard output and error appended to `outputFile`, in the order a terminal would show them.
 * A file, not a pipe: the process survives the death of its supervisor and nothing it printed is lost.
 */
export function startLocalProcess(plan: ProcessPlan, options: { outputFile: string; inheritStdin: boolean }): LocalProcess {
  let output: number
  try {
    output = openSync(options.outputFile, 'a')
  } catch (error) {
    throw storageError(`Cannot write ${options.outputFile}`, error)
  }
  const killsBefore = outOfMemoryKills()
  let child: ChildProcess
  try {
    child = spawn(plan.command, plan.arguments, {
      cwd: plan.workingDirectory,
      env: plan.environment,
      detached: true,
      stdio: [options.inheritStdin ? 'inherit' : 'ignore', output, output, 'pipe', 'pipe'],
    })
  } catch (error) {
    throw startFailure(plan, error)
  } finally {
    closeSync(output)
  }
  return overseen(rawProcessOf(child, plan), killsBefore)
}

/** A process as the system tells of it. */
export interface RawProcess {
  /** 0 when it could not be started. */
  readonly pid: number
  readonly control: Writable
  readonly events: Readable
  /** Rejects when it could not be started; `unseen` when it ended and nobody was told how. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null } | 'unseen'>
}

/** Pipes to a child are sockets to Node: unreferenced, they no longer keep this program alive. */
const letGo = (stream: Readable | Writable): void => {
  if (stream instanceof Socket) stream.unref()
}

function rawProcessOf(child: ChildProcess, plan: ProcessPlan): RawProcess {
  const control = child.stdio[3] as Writable
  const events = child.stdio[4] as Readable
  // A child that dies before it reads its job breaks the pipe; its exit tells the story.
  control.on('error', () => undefined)
  events.on('error', () => undefined)
  const ended: RawProcess['ended'] = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(startFailure(plan, error)))
    child.once('exit', (code, signal) => {
      // A daemon the script left behind may hold the other end for ever; what is in the pipe is still read.
      letGo(control)
      letGo(events)
      resolve({ code, signal })
    })
  })
  return { pid: child.pid ?? 0, control, events, ended }
}

/** With its stops, and with an end in our own words. */
export function overseen(raw: RawProcess, killsBefore: number | undefined): LocalProcess {
  const { pid, control, events } = raw
  const startTicks = pid === 0 ? 0 : startTicksOf(pid)
  let stopping: { because: StopRequest['because']; forced: boolean; timer: NodeJS.Timeout } | undefined

  const exit = raw.ended.then((ended): RunExit => {
    if (stopping) {
      clearTimeout(stopping.timer)
      // What the script started and did not stop itself.
      signalGroup(pid, 'SIGKILL')
      if (stopping.because.kind === 'timed_out') return stopping.because
      return { kind: 'cancelled', forced: stopping.forced }
    }
    if (ended === 'unseen') return { kind: 'lost', lastSeenAtMs: Date.now(), host: hostname() }
    const { code, signal } = ended
    if (signal === null) return { kind: 'exited', code: code ?? 0 }
    return { kind: 'signalled', signal, ...(ranOutOfMemory(signal, killsBefore) ? { outOfMemory: true } : {}) }
  })

  // Whoever waits hears of a failed start; until somebody does, it must not end this program.
  exit.catch(() => undefined)
  return {
    pid,
    startTicks,
    control,
    events,
    exit,
    stop({ graceMs, because }) {
      if (pid === 0 || !isAlive({ pid, startTicks })) return
      if (stopping) clearTimeout(stopping.timer)
      else signalGroup(pid, 'SIGTERM')
      const timer = setTimeout(() => {
        if (stopping) stopping.forced = true
        signalGroup(pid, 'SIGKILL')
      }, graceMs)
      stopping = { because: stopping?.because ?? because, forced: false, timer }
    },
    // One system call in the usual case; looking through /proc costs milliseconds.
    leftBehind: () => (groupExists(pid) ? sessionMembers(pid).filter((member) => member !== pid) : []),
  }
}

export { signalGroup }
