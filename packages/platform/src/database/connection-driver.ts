import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'

/** Runs one compiled query; what it throws is an AppError already. */
export type ExecuteQuery = <Row>(query: CompiledQuery) => Promise<QueryResult<Row>>

/** Kysely over one connection of ours. Transactions belong to `Database.write` and `Database.read`, so Kysely's own are refused. */
export class ConnectionDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(execute: ExecuteQuery) {
    this.#connection = {
      executeQuery: execute,
      async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
        yield await execute<Row>(query)
      },
    }
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
