import { accessSync, constants, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, isAppError } from '@trainyard/contract'

/** Primary result codes (the low byte of `errcode`) and the extended ones we tell apart: https://sqlite.org/rescode.html. */
const code = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  notDatabase: 26,
}
/** `sharedMemorySize`: the file beside the database could not grow. */
const extended = { sharedMemorySize: 4874, foreignKey: 787, primaryKey: 1555, unique: 2067 }

export const sqliteErrorCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined

export const isBusy = (error: unknown): boolean => {
  const primary = (sqliteErrorCode(error) ?? 0) & 0xff
  return primary === code.busy || primary === code.locked
}

/** The AppError for anything thrown by node:sqlite; other errors are returned as they are. */
export function fromSqliteError(error: unknown, path: string): Error {
  const extendedCode = sqliteErrorCode(error)
  if (isAppError(error)) return error
  if (extendedCode === undefined) return error instanceof Error ? error : new Error(String(error))
  const message = error instanceof Error ? error.message : String(error)
  const storage = (reason: string) => new AppError('storage', reason, { cause: error, details: { path, sqlite: extendedCode } })
  switch (extendedCode & 0xff) {
    case code.busy:
    case code.locked:
      return new AppError('unavailable', `The database ${path} is locked by another process; try again when it has finished.`, {
        cause: error,
      })
    case code.full:
    case code.readOnly:
    case code.cannotOpen:
    case code.ioError:
      return storage(troubleOfDisk(extendedCode, path, message))
    case code.corrupt:
      return storage(`The database ${path} is damaged (${message}). Restore it from a copy, or move it away to start a new one.`)
    case code.notDatabase:
      return storage(`${path} is not a Trainyard database. Move it away, or choose another data directory with --data.`)
    case code.tooBig:
      return new AppError('invalid_argument', 'A value is larger than the database can hold (1 GB).', { cause: error })
    case code.constraint:
      return constraintError(extendedCode, message, error)
    default:
      return new AppError('internal', `The database refused a statement: ${message}.`, { cause: error })
  }
}

/** Less than this is a full disk: a page of the log does not fit any more. */
const fullBelowBytes = 64 * 1024

/** SQLite says the same for several troubles ("disk I/O error" for a full disk, "unable to open" for a read-only one): we look. */
function troubleOfDisk(extendedCode: number, path: string, message: string): string {
  const primary = extendedCode & 0xff
  const folder = dirname(path)
  const place = placeOf(folder)
  if (primary === code.full || extendedCode === extended.sharedMemorySize || place === 'full')
    return `The disk that holds ${folder} is full: free some space and try again.`
  if (place === 'read-only')
    return `The disk that holds ${folder} is mounted read-only: choose another data directory with --data.`
  if (primary === code.readOnly)
    return `Cannot write to the database ${path}: the file or its folder is read-only. Choose another place with --data.`
  if (primary === code.cannotOpen)
    return `Cannot open the database ${path}: check that its folder exists and that you may write to it.`
  return `Cannot read or write the database ${path}: the disk reported an error (${message}).`
}

function placeOf(folder: string): 'full' | 'read-only' | 'usable' {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < fullBelowBytes ? 'full' : 'usable'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS' ? 'read-only' : 'usable'
  }
}

function constraintError(extendedCode: number, message: string, error: unknown): AppError {
  if (extendedCode === extended.unique || extendedCode === extended.primaryKey)
    return new AppError('already_exists', `A record with the same key exists already (${message}).`, { cause: error })
  if (extendedCode === extended.foreignKey)
    return new AppError('not_found', 'A record that this one belongs to does not exist, or no longer.', { cause: error })
  return new AppError('internal', `The database refused a value: ${message}.`, { cause: error })
}
