import { ConnectionReader } from '../connection-reader.ts'
import type { ColumnValue, CompilableQuery, InsertOptions, Transaction } from '../database.ts'
import type { TableName } from '../schema.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { fromSqliteError } from './sqlite-errors.ts'
import { createSqliteKysely } from './sqlite-kysely.ts'
import type { SqlitePresence } from './sqlite-presence.ts'

export class SqliteReader extends ConnectionReader<SqliteConnection> {
  constructor(connection: SqliteConnection, path: string) {
    const kysely = createSqliteKysely(connection, path)
    super(connection, { dialect: sqliteDialect, kysely, translate: (error) => fromSqliteError(error, path) })
  }

  /** One row of JSON: 100,000 integers in 9 ms against 20 ms as rows. */
  integers(query: CompilableQuery): Promise<number[]> {
    const { sql, parameters } = query.compile()
    return this.attempt(
      () => JSON.parse(String(this.connection.value(`SELECT json_group_array(n) FROM (${sql})`, parameters))) as number[],
    )
  }
}

export class SqliteTransaction extends SqliteReader implements Transaction {
  readonly #presence: SqlitePresence

  constructor(connection: SqliteConnection, { path, presence }: { path: string; presence: SqlitePresence }) {
    super(connection, path)
    this.#presence = presence
  }

  presence(): Promise<string> {
    return this.attempt(() => this.#presence.name())
  }

  isPresent(name: string): Promise<boolean> {
    return this.attempt(() => this.#presence.isPresent(name))
  }

  insertRows(
    table: TableName,
    columns: readonly string[],
    rows: Iterable<readonly ColumnValue[]>,
    options: InsertOptions = {},
  ): Promise<void> {
    return this.attempt(() => {
      const statement = this.connection.statement(insertStatement(table, columns, options))
      for (const row of rows) statement.run(...row)
    })
  }
}

function insertStatement(table: TableName, columns: readonly string[], options: InsertOptions): string {
  const names = columns.map((column) => `"${column}"`).join(', ')
  const places = columns.map(() => '?').join(', ')
  return `INSERT INTO ${table} (${names}) VALUES (${places})${conflictClause(columns, options)}`
}

function conflictClause(columns: readonly string[], { onConflict }: InsertOptions): string {
  if (onConflict === undefined) return ''
  if (onConflict === 'ignore') return ' ON CONFLICT DO NOTHING'
  const keys = onConflict.replace
  const others = columns.filter((column) => !keys.includes(column)).map((column) => `"${column}" = excluded."${column}"`)
  return ` ON CONFLICT (${keys.map((key) => `"${key}"`).join(', ')}) DO UPDATE SET ${others.join(', ')}`
}
