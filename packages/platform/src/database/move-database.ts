import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { storageError } from '../base/errors.ts'
import { makeFolderSync } from '../base/make-folder.ts'
import { type CopiedTable, copyRecords, type CopyOptions } from './copy-records.ts'
import type { Database } from './database.ts'
import { allMigrations } from './migrations/all-migrations.ts'
import { openDatabase } from './open-database.ts'
import { isPostgresAddress } from './postgres/postgres-address.ts'
import { backupSqlite, readSqliteVersion } from './sqlite/sqlite-backup.ts'

/** Brings the schema up to date and says what it was: 0 for a database that did not exist. Opening does the same without saying. */
export async function upgradeDatabase(place: string): Promise<{ from: number; to: number }> {
  const from = await versionOf(place)
  await (await openDatabase(place)).close()
  return { from, to: allMigrations.length }
}

async function versionOf(place: string): Promise<number> {
  if (!isPostgresAddress(place)) return readSqliteVersion(place)
  const { readPostgresVersion } = await import('./postgres/postgres-database.ts')
  return await readPostgresVersion(place)
}

/**
 * Writes everything to one file, as it is at this moment, while others go on writing. The file is a database like that of a data
 * directory, from whichever kind it comes; it appears under its name when it is complete.
 */
export async function backupDatabase(place: string, file: string, options: CopyOptions = {}): Promise<void> {
  await inFolderBeside(file, async (folder) => {
    const unfinished = join(folder, 'backup.db')
    if (isPostgresAddress(place)) await copyInto(place, unfinished, options)
    else backupSqlite(place, unfinished)
    sync(unfinished)
    renameSync(unfinished, file)
  })
}

/** Puts the content of such a file in place. The file itself stays as it is, also when it is of an older version. */
export async function restoreDatabase(file: string, place: string, options: CopyOptions = {}): Promise<CopiedTable[]> {
  if (!existsSync(file)) throw new AppError('not_found', `There is no file ${file}.`)
  return await inFolderBeside(file, async (folder) => {
    const copy = join(folder, 'restore.db')
    // Not a copy of the file: what it has not yet taken in from its log belongs to it.
    backupSqlite(file, copy)
    return await copyInto(copy, place, options)
  })
}

/** Copies everything from one database to another one, verified, and leaves the first as it is. All or nothing. Makes the folder. */
export async function moveDatabase(from: string, to: string, options: CopyOptions = {}): Promise<CopiedTable[]> {
  if ((await versionOf(from)) === 0) throw new AppError('not_found', 'There is no database of Trainyard to move from.')
  if (!isPostgresAddress(to)) makeFolderOf(to)
  return await copyInto(from, to, options)
}

function makeFolderOf(file: string): void {
  try {
    makeFolderSync(dirname(file), 0o700)
  } catch (error) {
    throw storageError(`Cannot make the folder ${dirname(file)}`, error)
  }
}

async function copyInto(from: string, to: string, options: CopyOptions): Promise<CopiedTable[]> {
  await using source: Database = await openDatabase(from)
  await using target: Database = await openDatabase(to)
  return await source.read((reader) => target.write((transaction) => copyRecords(reader, transaction, options)))
}

/** Unfinished files lie in a folder of their own on the same disk, which goes in any case. */
async function inFolderBeside<Result>(file: string, use: (folder: string) => Promise<Result>): Promise<Result> {
  let folder: string
  try {
    folder = mkdtempSync(join(dirname(file), '.trainyard-unfinished-'))
  } catch (error) {
    throw storageError(`Cannot write into ${dirname(file)}`, error)
  }
  try {
    return await use(folder)
  } catch (error) {
    throw error instanceof AppError ? error : storageError(`Cannot write ${file}`, error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
