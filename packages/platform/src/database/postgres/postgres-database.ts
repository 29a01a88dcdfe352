import { AppError } from '@trainyard/contract'
import type { Database, Dialect, Reader, Transaction } from '../database.ts'
import { GroupCommit } from '../group-commit.ts'
import { carrying } from '../rider.ts'
import { type PostgresAddress, parsePostgresAddress } from './postgres-address.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { createPostgresDialect } from './postgres-dialect.ts'
import { fromPostgresError } from './postgres-errors.ts'
import { migrate, readVersion } from './postgres-migrate.ts'
import { PostgresReaders } from './postgres-readers.ts'
import { connect, PostgresWriter } from './postgres-writer.ts'

/** Opens the database at `postgres://user@host/database`, making our tables when they are missing. */
export async function openPostgresDatabase(url: string): Promise<Database> {
  const address = parsePostgresAddress(url)
  const connection = await connect(address)
  try {
    await migrate(connection, address)
    const dialect = createPostgresDialect(await anyCaseCollation(connection))
    return new PostgresDatabase(address, new PostgresWriter(connection, address, dialect), dialect)
  } catch (error) {
    await connection.close()
    throw fromPostgresError(error, address.display)
  }
}

/** The schema's version there; 0 when it is not made yet. */
export async function readPostgresVersion(url: string): Promise<number> {
  const address = parsePostgresAddress(url)
  const connection = await connect(address)
  try {
    return await readVersion(connection, address)
  } catch (error) {
    throw fromPostgresError(error, address.display)
  } finally {
    await connection.close()
  }
}

/** The first of these that the server has; `default` is there always, and may know less. */
async function anyCaseCollation(connection: PostgresConnection): Promise<string> {
  const wanted = ['und-x-icu', 'pg_c_utf8', 'C.UTF-8', 'C.utf8', 'en_US.utf8']
  const rows = await connection.arrays(
    `SELECT collname FROM pg_collation WHERE collname = ANY ($1) AND collnamespace = 'pg_catalog'::regnamespace`,
    [wanted],
  )
  const there = new Set(rows.map(([name]) => name))
  return wanted.find((name) => there.has(name)) ?? 'default'
}

class PostgresDatabase implements Database {
  readonly dialect: Dialect
  readonly #address: PostgresAddress
  readonly #writer: PostgresWriter
  readonly #writes: GroupCommit<Transaction>
  readonly #readers: PostgresReaders
  #closed: Promise<void> | undefined

  constructor(address: PostgresAddress, writer: PostgresWriter, dialect: Dialect) {
    this.#address = address
    this.#writer = writer
    this.dialect = dialect
    this.#writes = new GroupCommit(writer)
    this.#readers = new PostgresReaders(address, dialect)
  }

  async read<Result>(operation: (reader: Reader) => Promise<Result>): Promise<Result> {
    this.#assertOpen()
    return await this.#readers.read(operation)
  }

  async write<Result>(operation: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    this.#assertOpen()
    return await this.#writes.write(carrying(operation))
  }

  /** Counts the rows of every table, which reads all their pages, and looks for indexes that were left unfinished. */
  async inspect(): Promise<{ version: number; problems: string[] }> {
    this.#assertOpen()
    const connection = await connect(this.#address)
    try {
      const problems: string[] = []
      const broken = await connection.arrays(
        `SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE relnamespace = to_regnamespace($1) AND NOT indisvalid`,
        [this.#address.schema],
      )
      for (const [name] of broken) problems.push(`the index ${String(name)} is not valid; make it anew with REINDEX`)
      for (const table of await tablesOf(connection, this.#address.schema)) {
        try {
          await connection.execute(`SELECT count(*) FROM "${table}"`)
        } catch (error) {
          problems.push(`the table ${table} cannot be read: ${fromPostgresError(error, this.#address.display).message}`)
        }
      }
      return { version: await readVersion(connection, this.#address), problems }
    } catch (error) {
      throw fromPostgresError(error, this.#address.display)
    } finally {
      await connection.close()
    }
  }

  async sizeBytes(): Promise<number> {
    this.#assertOpen()
    const [row] = await this.#writer.run((connection) =>
      connection.arrays(
        `SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'`,
        [this.#address.schema],
      ),
    )
    return Number(row?.[0])
  }

  async compact(): Promise<void> {
    this.#assertOpen()
    await this.#writes.settled()
    const connection = await connect(this.#address)
    try {
      await connection.execute(`SET lock_timeout = ${compactWaitMs}`)
      for (const table of await tablesOf(connection, this.#address.schema))
        await connection.execute(`VACUUM (ANALYZE) "${table}"`)
    } catch (error) {
      throw fromPostgresError(error, this.#address.display)
    } finally {
      await connection.close()
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#writes.settled()
    await this.#readers.close()
    await this.#writer.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new AppError('internal', `The database ${this.#address.display} is closed already.`)
  }
}

/** Tidying up is asked for by hand and may wait for the others' transactions. */
const compactWaitMs = 10_000

async function tablesOf(connection: PostgresConnection, schema: string): Promise<string[]> {
  const rows = await connection.arrays(
    `SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' ORDER BY relname`,
    [schema],
  )
  return rows.map(([name]) => String(name))
}
