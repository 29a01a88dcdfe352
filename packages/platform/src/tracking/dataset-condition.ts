import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Dialect } from '../database/index.ts'
import type { Candidates } from './run-candidates.ts'
import type { DatasetCondition } from './tracking.ts'

function columnOf(field: DatasetCondition['field'], dialect: Dialect): RawBuilder<string | null> {
  if (field === 'context') return dialect.jsonMember(sql<string>`i.tags`, 'mlflow.data.context')
  return sql.ref(`d.${field}`)
}

/** Runs that read a data set of which the condition holds, as a condition on `runs as r` and as a query for their keys. */
export function datasetCondition(
  condition: DatasetCondition,
  dialect: Dialect,
): { holds: RawBuilder<SqlBool>; candidates: Candidates } {
  const matches = compile(condition, dialect)
  const from = sql`dataset_inputs as i join datasets as d on d.number = i.dataset`
  return {
    holds: sql`exists (select 1 from ${from} where i.run = r.number and ${matches})`,
    candidates: sql`select distinct i.run as n from ${from} where ${matches}`,
  }
}

function compile({ field, operator, values }: DatasetCondition, dialect: Dialect): RawBuilder<SqlBool> {
  const column = columnOf(field, dialect)
  const value = values[0] ?? ''
  switch (operator) {
    case 'like':
      return dialect.like(column, value)
    case 'ilike':
      return dialect.likeAnyCase(column, value)
    case 'in':
      return sql`${column} in (${sql.join(values)})`
    case 'not in':
      return sql`${column} not in (${sql.join(values)})`
    default:
      return sql`${column} ${sql.raw(operator)} ${value}`
  }
}
