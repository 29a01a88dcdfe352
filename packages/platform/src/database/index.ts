/**
 * The database: one seam over SQLite (a file in the data directory) and Postgres.
 *
 * It knows connections, transactions, the schema and its migrations, and whatever the two databases spell differently. It does not
 * know what a run is: queries lie beside the rules they serve, in `tracking/` and its neighbours.
 *
 * Start with `database.ts` (the promises), then `migrations/0001-initial.ts` (the tables) and
 * `sqlite/sqlite-database.ts` or `postgres/postgres-database.ts`.
 */
export * from './database.ts'
export type { CopiedTable } from './copy-records.ts'
export type * from './schema.ts'
export { createKeySetOrder, readKeySetPage } from './key-set.ts'
export { decodeCursor, encodeCursor, isKey, noCursor } from './page-cursor.ts'
export { backupDatabase, moveDatabase, restoreDatabase, upgradeDatabase } from './move-database.ts'
export { numberListQuery } from './number-list-query.ts'
export { openDatabase } from './open-database.ts'
export { isPostgresAddress, parsePostgresAddress } from './postgres/postgres-address.ts'
export { ensureProject, findProject } from './project-row.ts'
export { countProjectRows, removeProjectRows } from './project-rows.ts'
export { withRider } from './rider.ts'
export { openSqliteDatabase } from './sqlite/sqlite-database.ts'
