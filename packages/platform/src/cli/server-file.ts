import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Supervisor } from '@trainyard/contract'
import { storageError, systemErrorCode } from '../base/errors.ts'
import { currentSupervisor, supervisorStatus } from '../execution/index.ts'

/** What a running server leaves in its data directory, so that other commands find it. */
export interface ServerNote {
  url: string
  startedAtMs: number
  process: Supervisor
  /** Absent: it carries out jobs. */
  jobs?: false
  /** Whether it sends to private addresses. */
  allowPrivate?: true
  /** Makes tokens for jobs of this user, for whom alone the note is readable. */
  runSecret?: string
}

const pathOf = (dataDirectory: string): string => join(dataDirectory, 'server.json')

export function writeServerNote(dataDirectory: string, note: Omit<ServerNote, 'process'>): void {
  const whole: ServerNote = { ...note, process: currentSupervisor(note.startedAtMs) }
  try {
    writeFileSync(pathOf(dataDirectory), `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 })
  } catch (error) {
    throw storageError(`Cannot write ${pathOf(dataDirectory)}`, error)
  }
}

/** Removes the note of this very process; that of another server stays. */
export function removeServerNote(dataDirectory: string): void {
  if (readServerNote(dataDirectory)?.process.pid === process.pid) rmSync(pathOf(dataDirectory), { force: true })
}

/** The server of the data directory; undefined when there is none, or none that still lives. */
export function readServerNote(dataDirectory: string): ServerNote | undefined {
  let note: ServerNote
  try {
    note = JSON.parse(readFileSync(pathOf(dataDirectory), 'utf8')) as ServerNote
  } catch (error) {
    // No server was ever started, or its process died while it wrote.
    if (systemErrorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw storageError(`Cannot read ${pathOf(dataDirectory)}`, error)
  }
  return supervisorStatus(note.process) === 'gone' ? undefined : note
}

/** Whether two addresses lead to one server: all names of this machine itself are one, and the path counts. */
export const isSameServer = (one: string, other: string): boolean => normal(one) === normal(other)

function normal(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return url
  const isHere =
    /^(?:localhost|127\.|\[::1?\]$|0\.0\.0\.0$)/.test(parsed.hostname) || parsed.hostname === hostname().toLowerCase()
  const port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80')
  return `${isHere ? 'here' : parsed.hostname}:${port}${parsed.pathname.replace(/\/+$/, '')}`
}
