import { DatabaseSync } from 'node:sqlite'
import { existsSync } from 'node:fs'
import { fromSqliteError } from './sqlite-errors.ts'
import { checkFile } from './sqlite-migrate.ts'

/** Copies the database to a new file as it is at this moment, while others go on writing; compact, without a log beside it. */
export function backupSqlite(path: string, target: string): void {
  withReader(path, (database) => database.prepare('VACUUM INTO ?').run(target))
}

/** The schema's version of a file; 0 when there is none yet. */
export function readSqliteVersion(path: string): number {
  checkFile(path)
  if (!existsSync(path)) return 0
  return withReader(path, (database) => Number(database.prepare('PRAGMA user_version').get()?.['user_version']))
}

function withReader<Result>(path: string, use: (database: DatabaseSync) => Result): Result {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 60_000 })
    try {
      return use(database)
    } finally {
      database.close()
    }
  } catch (error) {
    throw fromSqliteError(error, path)
  }
}
