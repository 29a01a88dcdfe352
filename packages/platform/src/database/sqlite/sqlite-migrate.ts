import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import { storageError, systemErrorCode } from '../../base/errors.ts'
import { allMigrations } from '../migrations/all-migrations.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Written into the file's header ("TrnY"), so that the database of another program is never taken for ours. */
const applicationId = 0x54_72_6e_59

const latest = allMigrations.length

const foreignFile = (path: string) =>
  new AppError('storage', `${path} is not a Trainyard database. Move it away, or choose another data directory with --data.`)

const newerVersion = (path: string, version: number) =>
  new AppError(
    'failed_precondition',
    `The database ${path} was written by a newer Trainyard (its version is ${version}, this program knows ${latest}). Update Trainyard, or choose another data directory with --data.`,
    { details: { version, known: latest } },
  )

/** Refuses what is not ours or too new by the file's first 100 bytes, before SQLite may touch it. */
export function checkFile(path: string): void {
  const header = Buffer.alloc(100)
  let size: number
  try {
    if (!statSync(path).isFile()) throw foreignFile(path)
    const file = openSync(path, 'r')
    size = readSync(file, header, 0, header.length, 0)
    closeSync(file)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return
    if (error instanceof AppError) throw error
    throw storageError(`Cannot open the database ${path}`, error)
  }
  if (size === 0) return
  if (size < header.length || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw foreignFile(path)
  const application = header.readInt32BE(68)
  const version = header.readInt32BE(60)
  if (application === applicationId && version > latest) throw newerVersion(path, version)
  // The header is written in place by checkpoints: until the first one, that of a new database of ours is still empty.
  if (application !== applicationId && (application !== 0 || version !== 0)) throw foreignFile(path)
}

/** Brings the schema up to date, under a lock, so that any number of processes may open a new directory at once. */
export function migrate(connection: SqliteConnection, path: string): void {
  if (isCurrent(connection, path)) return
  if (connection.value('PRAGMA journal_mode') !== 'wal') connection.database.exec('PRAGMA journal_mode = WAL')
  connection.database.exec('BEGIN EXCLUSIVE')
  try {
    if (!isCurrent(connection, path)) runMigrations(connection)
    connection.database.exec('COMMIT')
  } catch (error) {
    if (connection.database.isTransaction) connection.database.exec('ROLLBACK')
    throw error
  }
}

function isCurrent(connection: SqliteConnection, path: string): boolean {
  const version = Number(connection.value('PRAGMA user_version'))
  const application = Number(connection.value('PRAGMA application_id'))
  if (application !== applicationId && Number(connection.value('SELECT count(*) FROM sqlite_schema')) > 0) throw foreignFile(path)
  if (version > latest) throw newerVersion(path, version)
  return version === latest
}

function runMigrations(connection: SqliteConnection): void {
  const version = Number(connection.value('PRAGMA user_version'))
  for (const migration of allMigrations.slice(version)) {
    for (const statement of migration.statements.sqlite) connection.database.exec(statement)
  }
  connection.database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${latest}`)
}
