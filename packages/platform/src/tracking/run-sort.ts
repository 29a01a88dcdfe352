import { AppError, fromWireNumber, type RunField, type RunSort, toWireNumber, type WireNumber } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import {
  type ColumnValue,
  decodeCursor as decodePlace,
  type Dialect,
  encodeCursor as encodePlace,
  noCursor,
} from '../database/index.ts'
import { attributeColumn } from './run-fields.ts'

/**
 * The order of a search. Missing values and NaN come last in both directions, texts after numbers, and what is equal is ordered by
 * time of recording, newest first. Texts are ordered by their first 100 characters.
 */
export interface RunOrder {
  readonly sort: readonly RunSort[]
  readonly keys: readonly SortKey[]
  /** Belongs to this order only; part of every cursor. */
  readonly signature: string
}

export interface SortKey {
  /** Of the table `runs as r`. */
  readonly expression: RawBuilder<ColumnValue>
  readonly direction: 'asc' | 'desc'
}

/** A place in the order: the values of the keys and the run's integer key. */
export interface RunPosition {
  readonly values: readonly (string | number | null)[]
  readonly number: number
}

const newestFirst: readonly RunSort[] = [{ field: { scope: 'attribute', name: 'created' }, direction: 'descending' }]

export function createRunOrder(sort: readonly RunSort[] = []): RunOrder {
  const chosen = sort.length === 0 ? newestFirst : sort
  if (chosen.length > 8) throw new AppError('invalid_argument', 'At most 8 fields can be sorted by.')
  const keys = chosen.flatMap(({ field, direction, as, groups }) =>
    (groups ? [rankOf(field, groups)] : keyExpressions(field, as)).map((expression) => ({
      expression,
      direction: direction === 'ascending' ? ('asc' as const) : ('desc' as const),
    })),
  )
  const signature = chosen
    .map(
      ({ field, direction, as, groups }) =>
        `${direction === 'ascending' ? '+' : '-'}${as ?? ''}${groups ? 'group ' : ''}${field.scope}.${field.name}`,
    )
    .join(' ')
  return { sort: chosen, keys, signature }
}

/** Which of the groups an attribute's value is in. */
function rankOf(field: RunField, groups: readonly (readonly string[])[]): RawBuilder<ColumnValue> {
  if (field.scope !== 'attribute') throw new AppError('invalid_argument', 'Only attributes can be sorted in groups.')
  const column = attributeColumn(field.name)
  const cases = groups.map((group, rank) => sql`when ${column} in (${sql.join(group)}) then ${sql.lit(rank)}`)
  return sql`case ${sql.join(cases, sql` `)} end`
}

function keyExpressions(field: RunField, as: RunSort['as']): RawBuilder<ColumnValue>[] {
  const of = (table: 'metric_series' | 'parameters' | 'labels' | 'results', column: RawBuilder<unknown>) =>
    sql<ColumnValue>`(select ${column} from ${sql.raw(table)} where run = r.number and key = ${field.name})`
  switch (field.scope) {
    case 'attribute':
      return [attributeColumn(field.name)]
    case 'metrics':
      return [of('metric_series', sql`last_value`)]
    case 'params':
      if (as === 'text') return [of('parameters', sql`text`)]
      return [of('parameters', sql`number`), of('parameters', textWithoutNumber)]
    case 'labels':
      return [of('labels', sql`text`)]
    default:
      return [of('metric_series', sql`last_value`), of('results', sql`text`)]
  }
}

/** The second key of a parameter; `null` as a value is none at all. */
export const textWithoutNumber = sql`case when number is null and value <> 'null' then text end`

export const orderBy = (keys: readonly SortKey[], names: readonly string[], dialect: Dialect): RawBuilder<unknown> =>
  sql.join([...keys.map((key, at) => sql`${sql.ref(names[at]!)} ${dialect.nullsLast(key.direction)}`), sql`number desc`])

/** The condition on columns called `names` of what comes behind a position. */
export function isBehind(keys: readonly SortKey[], names: readonly string[], position: RunPosition): RawBuilder<SqlBool> {
  let condition: RawBuilder<SqlBool> = sql`number < ${position.number}`
  for (let at = keys.length - 1; at >= 0; at--) {
    const column = sql.ref(names[at]!)
    const value = position.values[at]!
    condition =
      value === null
        ? sql`(${column} is null and ${condition})`
        : sql`(${column} ${sql.raw(keys[at]!.direction === 'asc' ? '>' : '<')} ${value} or ${column} is null or (${column} = ${value} and ${condition}))`
  }
  return condition
}

export function encodeCursor(order: RunOrder, { values, number }: RunPosition): string {
  const wire = values.map((value) => (typeof value === 'number' ? { n: toWireNumber(value) } : value))
  return encodePlace(order.signature, [...wire, number])
}

export function decodeCursor(order: RunOrder, cursor: string): RunPosition {
  const { signature, keys } = order
  const wire = decodePlace(cursor, { signature, size: keys.length + 1, isValue: isWireValue })
  const values = wire.map((value) => (typeof value === 'object' && value !== null ? fromWireNumber(value.n)! : value))
  const number = values.pop()
  if (!Number.isSafeInteger(number)) throw noCursor()
  return { values, number: number as number }
}

/** Numbers of keys are in an object, so that NaN and infinities have a form; the run's own is plain. */
type WireValue = string | number | null | { n: WireNumber }

const isWireValue = (value: unknown): value is WireValue =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'number' ||
  (typeof value === 'object' && 'n' in value && fromWireNumber(value.n) !== undefined)
