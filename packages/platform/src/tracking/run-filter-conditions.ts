import type { ComparisonOperator } from '@trainyard/contract'
import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Dialect } from '../database/index.ts'
import { indexedText, surelyWhole } from './stored-value.ts'

type Condition = RawBuilder<SqlBool>

/** The columns a text comparison may use: the indexed start of the value, the whole of it, and its JSON and number when typed. */
export interface TextColumns {
  start: RawBuilder<string | null>
  full: RawBuilder<string | null>
  json?: RawBuilder<string>
  number?: RawBuilder<number | null>
}

export const never: Condition = sql`1 = 0`

const longestPattern = 10_000

/** With `=`, any of the values; other operators take one. A comparison with NaN is false. */
export function numberCondition(
  column: RawBuilder<number | null>,
  operator: ComparisonOperator,
  values: readonly number[],
): Condition {
  const real = values.filter((value) => !Number.isNaN(value))
  if (real.length === 0) return never
  switch (operator) {
    case '=':
      return real.length === 1 ? sql`${column} = ${real[0]}` : sql`${column} in (${sql.join(real)})`
    case '<':
    case '<=':
    case '>':
    case '>=':
      return sql`${column} ${sql.raw(operator)} ${real[0]}`
    default:
      throw new AppError('invalid_argument', `'${operator}' compares texts; compare a number with =, !=, <, <=, > or >=.`)
  }
}

/** With `=`, any of the values; other operators take one. */
export function textCondition(
  dialect: Dialect,
  columns: TextColumns,
  operator: ComparisonOperator,
  values: readonly string[],
): Condition {
  const value = values[0]!
  switch (operator) {
    case '=':
      return equalsAnyText(columns, values)
    case 'like':
    case 'ilike':
      if (value.length > longestPattern)
        throw new AppError('invalid_argument', `The pattern behind '${operator}' is longer than ${longestPattern} characters.`)
      return operator === 'like' ? dialect.like(columns.full, value) : dialect.likeAnyCase(columns.full, value)
    case 'contains':
      return dialect.contains(columns.full, value)
    default:
      return sql`${columns.full} ${sql.raw(operator)} ${value}`
  }
}

/** Short values are told by the indexed start alone; for a long one that is only the first half of the answer. */
function equalsAnyText({ start, full }: TextColumns, values: readonly string[]): Condition {
  const short = values.filter((value) => value.length < surelyWhole)
  const parts: Condition[] = values
    .filter((value) => value.length >= surelyWhole)
    .map((value) => (start === full ? sql`${full} = ${value}` : sql`(${start} = ${indexedText(value)} and ${full} = ${value})`))
  if (short.length > 0) parts.push(sql`${start} in (${sql.join(short)})`)
  return sql.join(parts, sql` or `)
}

/** false < true, and a boolean compares with booleans only. */
export function booleanCondition(json: RawBuilder<string>, operator: ComparisonOperator, value: boolean): Condition {
  const matching = [false, true].filter((actual) => {
    if (operator === '=') return actual === value
    if (operator === '<') return actual < value
    if (operator === '<=') return actual <= value
    if (operator === '>') return actual > value
    return operator === '>=' && actual >= value
  })
  return matching.length === 0 ? never : sql`${json} in (${sql.join(matching.map(String))})`
}
