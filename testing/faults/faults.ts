import { readdirSync, readFileSync, readlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { startTicksOf } from '../../packages/platform/src/execution/process-identity.ts'
import type { Workshop } from '../end-to-end/program.ts'

/** What the tests of this folder share: a script that says what was acknowledged, and looks at processes. */

/** How often each random fault is tried; the long script multiplies it. */
export const rounds = (usual: number): number =>
  Math.max(1, Math.round(usual * Number(process.env['TRAINYARD_FAULT_ROUNDS'] ?? '1')))

/** The record of a run, through the program; whatever lies about is taken in first. */
export const show = async (workshop: Workshop, reference: string): Promise<RunRecord> =>
  (await workshop.json<{ run: RunRecord }>('show', reference)).run

/**
 * Folders of ended runs that nobody removes. A kill in the middle of removing one leaves the rest of it to a command of a minute
 * later.
 */
export async function foldersLeft(workshop: Workshop): Promise<string[]> {
  const folders = join(workshop.folder, '.trainyard', 'runs')
  const aged = new Date(Date.now() - 120_000)
  for (const name of readdirSync(folders)) utimesSync(join(folders, name), aged, aged)
  await workshop.run('ls')
  return readdirSync(folders)
}

/** A time limit that grows with the rounds. */
export const within = (usualMs: number): number => usualMs * Math.max(1, rounds(1))

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Every process that works in the workshop's folder or knows it from its environment: the whole tree that a run may leave. */
export function processesOf(workshop: Workshop): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && belongsTo(pid, workshop.folder))
}

function belongsTo(pid: number, folder: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (/\) [ZX] /.test(stat)) return false
    return readlinkSync(`/proc/${pid}/cwd`) === folder || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)
  } catch {
    return false
  }
}

export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

export const isRunning = (pid: number): boolean => startTicksOf(pid) > 0 && processState(pid) !== 'Z'

function processState(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return 'Z'
  }
}

/** Kills what the test itself started, and what that left. */
export function killAll(workshop: Workshop): void {
  for (const pid of processesOf(workshop)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
}

/** A script that logs by every call there is and writes down, durably and by itself, what had been acknowledged. */
export const acknowledgingScript = `
import os, sys, time

def acknowledge(file, index):
    os.write(file, b"%d\\n" % index)
    os.fsync(file)

def job(context, steps: int = 200, every: float = 0.002, until: str = ""):
    folder = os.environ["ACKNOWLEDGED"]
    files = {name: os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("metric", "result", "param", "artifact", "output", "pid")}
    acknowledge(files["pid"], os.getpid())
    for step in range(steps):
        if until and os.path.exists(until):
            break
        context.log_metric("m", step * 0.5, step=step)
        acknowledge(files["metric"], step)
        os.write(1, b"line %06d\\n" % step)
        acknowledge(files["output"], step)
        if step % 7 == 0:
            context.log_result("r%d" % step, {"step": step})
            acknowledge(files["result"], step)
        if step % 11 == 0:
            context.log_param("p%d" % step, step)
            acknowledge(files["param"], step)
        if step % 13 == 0:
            context.log_artifact("a%d" % step, body=b"body of %d" % step, local_path="a%d.txt" % step)
            acknowledge(files["artifact"], step)
        time.sleep(every)
`

export const acknowledged = (folder: string, name: string): number[] => {
  try {
    return readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
