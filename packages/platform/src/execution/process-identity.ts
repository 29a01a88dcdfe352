import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { DataDirectory } from '../base/data-directory.ts'
import type { Supervisor } from '@trainyard/contract'

/**
 * Who a process is, safely against reused pids: the kernel's boot id, the pid and the start time in clock ticks.
 * Where there is no `/proc` (macOS), start ticks are 0 and a living pid counts as the same process.
 */
const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

export const bootId = (): string => readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

interface ProcessStat {
  state: string
  processGroup: number
  session: number
  startTicks: number
  cpuTicks: number
}

/** Fields of `/proc/<pid>/stat` (proc(5)); the command name may hold spaces and parentheses, so it is cut at the last `)`. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number): number => Number(fields[index] ?? 0)
  return {
    state: fields[0] ?? '?',
    processGroup: number(2),
    session: number(3),
    startTicks: number(19),
    cpuTicks: number(11) + number(12),
  }
}

export const startTicksOf = (pid: number): number => readProcessStat(pid)?.startTicks ?? 0

/** True while that very process lives; a zombie counts as dead. */
export function isAlive(identity: { pid: number; startTicks: number }): boolean {
  const stat = readProcessStat(identity.pid)
  if (stat)
    return stat.state !== 'Z' && stat.state !== 'X' && (identity.startTicks === 0 || stat.startTicks === identity.startTicks)
  if (process.platform === 'linux') return false
  try {
    process.kill(identity.pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Members of a session (a child started with `detached` leads its own), zombies left out. */
export function sessionMembers(session: number): number[] {
  if (process.platform !== 'linux') return []
  const members: number[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const stat = readProcessStat(pid)
    if (stat?.session === session && stat.state !== 'Z' && stat.state !== 'X') members.push(pid)
  }
  return members
}

const ignoreAbortSignal = (): void => undefined

/**
 * This process, about to be named in a record as the one that watches. From now on it survives SIGUSR2, with which `abort` asks a
 * supervisor to look at its records, also in the moments when nobody listens.
 */
export function currentSupervisor(nowMs: number, directory?: DataDirectory): Supervisor {
  if (!process.listeners('SIGUSR2').includes(ignoreAbortSignal)) process.on('SIGUSR2', ignoreAbortSignal)
  return {
    host: hostname(),
    bootId: bootId(),
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    heartbeatAtMs: nowMs,
    ...(directory && { dataDirectory: directory.path }),
  }
}

/** `elsewhere`: another host sharing the directory; its processes cannot be seen from here. */
export function supervisorStatus(supervisor: Supervisor): 'alive' | 'gone' | 'elsewhere' {
  if (supervisor.host !== hostname()) return 'elsewhere'
  if (supervisor.bootId !== bootId()) return 'gone'
  return isAlive(supervisor) ? 'alive' : 'gone'
}

/** A run made by a bare `import trainyard`: its own process is all that watches it. */
export const watchesItself = ({ pid, child }: Supervisor): boolean => child !== undefined && child.pid === pid

/** Whether a process has a file below `folder` open. Only asked about processes of the same user. */
export function holdsOpen(pid: number, folder: string): boolean {
  try {
    const descriptors = `/proc/${pid}/fd`
    return readdirSync(descriptors).some((name) => {
      try {
        return readlinkSync(`${descriptors}/${name}`).startsWith(`${folder}/`)
      } catch {
        return false
      }
    })
  } catch {
    return false
  }
}
