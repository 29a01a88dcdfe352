import { type CompiledQuery, Kysely, type QueryResult, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { ConnectionDriver, type ExecuteQuery } from '../connection-driver.ts'
import type { Tables } from '../schema.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { fromSqliteError } from './sqlite-errors.ts'

export const createSqliteKysely = (connection: SqliteConnection, path: string): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new ConnectionDriver(executeOn(connection, path)),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })

const executeOn =
  (connection: SqliteConnection, path: string): ExecuteQuery =>
  // Errors of a call that never waits must still arrive as a rejected promise.
  // oxlint-disable-next-line typescript/require-await
  async <Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> => {
    try {
      if (connection.returnsRows(sql)) return { rows: connection.objects(sql, parameters) as Row[] }
      const { changes, lastInsertRowid } = connection.run(sql, parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    } catch (error) {
      throw fromSqliteError(error, path)
    }
  }
