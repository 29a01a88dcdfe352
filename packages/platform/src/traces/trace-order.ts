import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import { type ColumnValue, decodeCursor, type Dialect, isKey } from '../database/index.ts'
import type { TraceSort } from './traces.ts'

/** The order of a page; the last key makes every place its own, others may be missing and then come last. */
export interface TraceOrder {
  readonly keys: readonly { expression: RawBuilder<ColumnValue>; direction: 'asc' | 'desc' }[]
  /** Belongs to this order only; part of every cursor. */
  readonly signature: string
}

export const attributeColumns = {
  id: sql<ColumnValue>`t.id`,
  experiment: sql<ColumnValue>`t.experiment`,
  clientRequestId: sql<ColumnValue>`t.client_request_id`,
  state: sql<ColumnValue>`t.state`,
  started: sql<ColumnValue>`t.started_at`,
  duration: sql<ColumnValue>`t.duration`,
  ended: sql<ColumnValue>`(t.started_at + coalesce(t.duration, 0))`,
}

const mostKeys = 8

const ties: readonly TraceSort[] = [
  { field: { scope: 'attribute', name: 'started' }, direction: 'descending' },
  { field: { scope: 'attribute', name: 'id' }, direction: 'ascending' },
]

export function createTraceOrder(sort: readonly TraceSort[] = []): TraceOrder {
  const nameOf = ({ field }: TraceSort): string => `${field.scope}.${field.name}`
  const named = new Set<string>()
  for (const each of sort) {
    if (named.has(nameOf(each))) throw new AppError('invalid_argument', `The order names ${nameOf(each)} twice; once is enough.`)
    named.add(nameOf(each))
  }
  if (sort.length > mostKeys) throw new AppError('invalid_argument', `At most ${mostKeys} fields can be sorted by.`)
  const chosen = [...sort, ...ties.filter((tie) => !named.has(nameOf(tie)))]
  return {
    keys: chosen.map(({ field, direction }) => ({
      expression:
        field.scope === 'attribute'
          ? attributeColumns[field.name]
          : sql<ColumnValue>`(select value from ${sql.table(`trace_${field.scope === 'tag' ? 'tags' : 'metadata'}`)} where trace = t.number and key = ${field.name})`,
      direction: direction === 'ascending' ? ('asc' as const) : ('desc' as const),
    })),
    signature: `traces ${chosen.map((each) => `${each.direction} ${nameOf(each)}`).join(', ')}`,
  }
}

export const columnNames = ({ keys }: TraceOrder): string[] => keys.map((_, at) => `key${at}`)

export const orderBy = ({ keys }: TraceOrder, dialect: Dialect): RawBuilder<unknown> =>
  sql.join(keys.map(({ direction }, at) => sql`${sql.ref(`key${at}`)} ${dialect.nullsLast(direction)}`))

/** The condition of what comes behind a place. */
export function isBehind({ keys }: TraceOrder, place: readonly ColumnValue[]): RawBuilder<SqlBool> {
  let condition: RawBuilder<SqlBool> = sql`1 = 0`
  for (let at = keys.length - 1; at >= 0; at--) {
    const column = sql.ref(`key${at}`)
    const value = place[at]!
    condition =
      value === null
        ? sql`(${column} is null and ${condition})`
        : sql`(${column} ${sql.raw(keys[at]!.direction === 'asc' ? '>' : '<')} ${value} or ${column} is null or (${column} = ${value} and ${condition}))`
  }
  return condition
}

const isKeyOrMissing = (value: unknown): value is string | number | null => value === null || isKey(value)

export const placeOf = (order: TraceOrder, cursor: string): ColumnValue[] =>
  decodeCursor(cursor, { ...order, size: order.keys.length, isValue: isKeyOrMissing })
