import { isPostgresAddress } from './postgres/postgres-address.ts'
import type { Database } from './database.ts'
import { openSqliteDatabase } from './sqlite/sqlite-database.ts'

/** Opens a file of SQLite, or `postgres://…`, whose driver is loaded for this only. */
export async function openDatabase(place: string): Promise<Database> {
  if (!isPostgresAddress(place)) return await openSqliteDatabase(place)
  const { openPostgresDatabase } = await import('./postgres/postgres-database.ts')
  return await openPostgresDatabase(place)
}
