import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Tables } from '../schema.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { fromSqliteError } from './sqlite-errors.ts'

/** Kysely over one connection of ours. Transactions belong to `Database.write`, so Kysely's own are refused. */
export const createSqliteKysely = (connection: SqliteConnection, path: string): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new ConnectionDriver(connection, path),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })

class ConnectionDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: SqliteConnection, path: string) {
    this.#connection = new KyselyConnection(connection, path)
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection)
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(new Error('Transactions are made by Database.write and Database.read, not by Kysely.'))
  }

  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

class KyselyConnection implements DatabaseConnection {
  readonly #connection: SqliteConnection
  readonly #path: string

  constructor(connection: SqliteConnection, path: string) {
    this.#connection = connection
    this.#path = path
  }

  // Errors of a call that never waits must still arrive as a rejected promise.
  // oxlint-disable-next-line typescript/require-await
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    try {
      if (this.#connection.returnsRows(sql)) return { rows: this.#connection.objects(sql, parameters) as Row[] }
      const { changes, lastInsertRowid } = this.#connection.run(sql, parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    } catch (error) {
      throw fromSqliteError(error, this.#path)
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}
