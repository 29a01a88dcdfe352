import { hostname } from 'node:os'
import { readServerNote } from './server-file.ts'

/** Tells the server of a data directory to look at its records now. False when there is none, or none that carries out jobs. */
export function wakeServer(dataDirectory: string): boolean {
  const note = readServerNote(dataDirectory)
  if (note === undefined || note.jobs === false) return false
  if (note.process.host === hostname()) process.kill(note.process.pid, 'SIGUSR2')
  return true
}
