import { existsSync, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import { databaseFile } from '../../base/data-directory.ts'
import { isPostgresAddress, parsePostgresAddress } from '../../database/index.ts'
import { readServerNote } from '../server-file.ts'

/** What a user calls a database (an address, a data directory, a file) as `openDatabase` wants it. */
export function resolvePlace(text: string, workingDirectory: string): string {
  if (isPostgresAddress(text)) return text
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text))
    throw new AppError(
      'invalid_argument',
      `'${text}' is no database of Trainyard's: name postgres://user@host/database, a data directory, or a file.`,
    )
  const path = resolve(workingDirectory, text)
  const known = statSync(path, { throwIfNoEntry: false })
  // What is not there yet is a data directory, unless its name ends as those of files do.
  const isDirectory = known === undefined ? extname(path) === '' : known.isDirectory()
  return isDirectory ? databaseFile(path) : path
}

/** For messages: without a password. */
export const displayPlace = (place: string): string => (isPostgresAddress(place) ? parsePostgresAddress(place).display : place)

/** What a server would write meanwhile would be missing in one of the two. */
export function refuseWhileServed(place: string): void {
  if (isPostgresAddress(place) || !existsSync(place)) return
  const server = readServerNote(dirname(place))
  if (server)
    throw new AppError(
      'failed_precondition',
      `A server writes to ${place}: ${server.url} (process ${server.process.pid}). Stop it first with trainyard down.`,
    )
}
