import { AppError } from '@trainyard/contract'
import { allMigrations } from '../migrations/all-migrations.ts'
import { toPostgres } from '../migrations/postgres-spelling.ts'
import type { PostgresAddress } from './postgres-address.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** "TrnY": the first half of the key of our advisory locks; the second one is the schema. */
const lockFamily = 0x54_72_6e_59

/** Held until the end of the transaction: writes and migrations of all processes take turns. */
export const turnStatement = (schema: string): string => `SELECT pg_advisory_xact_lock(${lockFamily}, hashtext('${schema}'))`

const latest = allMigrations.length

const newerVersion = (place: string, version: number) =>
  new AppError(
    'failed_precondition',
    `The database ${place} was written by a newer Trainyard (its version is ${version}, this program knows ${latest}). Update Trainyard, or choose another database with --database.`,
    { details: { version, known: latest } },
  )

/** Brings the schema up to date, under a lock, so that any number of processes may open a new database at once. */
export async function migrate(connection: PostgresConnection, address: PostgresAddress): Promise<void> {
  if ((await readVersion(connection, address)) === latest) return
  await connection.execute(`BEGIN; ${turnStatement(address.schema)}`)
  try {
    const version = await readVersion(connection, address)
    if (version < latest) await runMigrations(connection, address.schema, version)
    await connection.execute('COMMIT')
  } catch (error) {
    if (!connection.isLost) await connection.execute('ROLLBACK')
    throw error
  } finally {
    connection.takeFailure()
  }
}

/** 0 when there is nothing of ours yet; refuses what is too new, and a schema that somebody else fills. */
export async function readVersion(connection: PostgresConnection, { schema, display }: PostgresAddress): Promise<number> {
  const [found] = await connection.arrays(
    `SELECT to_regclass('"${schema}".trainyard_version') IS NOT NULL AS ours,
       (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('"${schema}"') AND relkind IN ('r', 'p', 'v')) AS others`,
  )
  // Postgres answers a boolean, which is no value of a column of ours.
  const [isOurs, others] = (found ?? []) as readonly unknown[]
  if (isOurs !== true) {
    if (others === 0) return 0
    throw new AppError(
      'storage',
      `The schema ${schema} of ${display} holds tables of another program. Choose another one with ?schema=… behind the address.`,
    )
  }
  const [row] = await connection.arrays(`SELECT version FROM "${schema}".trainyard_version`)
  const version = Number(row?.[0] ?? 0)
  if (version > latest) throw newerVersion(display, version)
  return version
}

async function runMigrations(connection: PostgresConnection, schema: string, version: number): Promise<void> {
  const statements = allMigrations
    .slice(version)
    .flatMap((migration) => [...migration.statements.sqlite.map(toPostgres), ...(migration.statements.postgres ?? [])])
  // A user without the right to make schemas can be given one.
  const [row] = await connection.arrays(`SELECT to_regnamespace('"${schema}"') IS NOT NULL`)
  if (row?.[0] === (false as never)) statements.unshift(`CREATE SCHEMA "${schema}"`)
  await connection.execute(
    [
      ...statements,
      'CREATE TABLE IF NOT EXISTS trainyard_version (version INTEGER NOT NULL)',
      'DELETE FROM trainyard_version',
      `INSERT INTO trainyard_version VALUES (${latest})`,
    ].join(';\n'),
  )
}
