import {
  type BinaryOperationNode,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  OperatorNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  type QueryResult,
  ValueListNode,
} from 'kysely'
import type { Tables } from '../schema.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { fromPostgresError } from './postgres-errors.ts'

/** Kysely over one connection of ours. Transactions belong to `Database.write`, so Kysely's own are refused. */
export const createPostgresKysely = (connection: PostgresConnection, place: string): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new ConnectionDriver(connection, place),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new QueryCompiler(),
    },
  })

/**
 * Fractions say that they are doubles: beside an integer column Postgres would read them as integers and refuse. Whole numbers take
 * the type of what they are compared with, so that indexes on either type serve them.
 */
class QueryCompiler extends PostgresQueryCompiler {
  /** An empty list behind `in` is no syntax here: nothing is in it. */
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const { operator, rightOperand } = node
    const isEmptyList =
      (PrimitiveValueListNode.is(rightOperand) || ValueListNode.is(rightOperand)) && rightOperand.values.length === 0
    if (isEmptyList && OperatorNode.is(operator)) this.append(operator.operator === 'not in' ? '1 = 1' : '1 = 0')
    else super.visitBinaryOperation(node)
  }

  protected override appendValue(value: unknown): void {
    super.appendValue(value)
    if (typeof value === 'number' && !Number.isSafeInteger(value) && !Number.isNaN(value)) this.append('::float8')
  }
}

class ConnectionDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: PostgresConnection, place: string) {
    this.#connection = new KyselyConnection(connection, place)
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

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

class KyselyConnection implements DatabaseConnection {
  readonly #connection: PostgresConnection
  readonly #place: string

  constructor(connection: PostgresConnection, place: string) {
    this.#connection = connection
    this.#place = place
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    try {
      const { rows, rowCount, command } = await this.#connection.objects(sql, parameters)
      return { rows: rows as Row[], ...(changing.has(command) && { numAffectedRows: BigInt(rowCount ?? 0) }) }
    } catch (error) {
      throw fromPostgresError(error, this.#place)
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query)
  }
}
