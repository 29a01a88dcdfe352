import {
  type BinaryOperationNode,
  type CompiledQuery,
  Kysely,
  OperatorNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  type QueryResult,
  ValueListNode,
} from 'kysely'
import { ConnectionDriver, type ExecuteQuery } from '../connection-driver.ts'
import type { Tables } from '../schema.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { fromPostgresError } from './postgres-errors.ts'

export const createPostgresKysely = (connection: PostgresConnection, place: string): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new ConnectionDriver(executeOn(connection, place)),
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

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

const executeOn =
  (connection: PostgresConnection, place: string): ExecuteQuery =>
  async <Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> => {
    try {
      const { rows, rowCount, command } = await connection.objects(sql, parameters)
      return { rows: rows as Row[], ...(changing.has(command) && { numAffectedRows: BigInt(rowCount ?? 0) }) }
    } catch (error) {
      throw fromPostgresError(error, place)
    }
  }
