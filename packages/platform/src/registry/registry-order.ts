import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'

/** The order of a page: columns none of which is ever missing, of which the last makes every place its own. */
export interface RegistryOrder {
  readonly keys: readonly { field: string; column: RawBuilder<string | number>; direction: 'asc' | 'desc' }[]
  /** Belongs to this order only; part of every cursor. */
  readonly signature: string
}

interface Sort {
  field: string
  direction: 'ascending' | 'descending'
}

/** `sort`, then those of `ties` it does not name. A field named twice is refused. */
export function createOrder(
  columns: Readonly<Record<string, RawBuilder<string | number>>>,
  sort: readonly Sort[],
  ties: readonly Sort[],
): RegistryOrder {
  const named = new Set<string>()
  for (const { field } of sort) {
    if (named.has(field)) throw new AppError('invalid_argument', `The order names the field '${field}' twice; once is enough.`)
    named.add(field)
  }
  const keys = [...sort, ...ties.filter(({ field }) => !named.has(field))].map(({ field, direction }) => ({
    field,
    column: columns[field]!,
    direction: direction === 'ascending' ? ('asc' as const) : ('desc' as const),
  }))
  return { keys, signature: keys.map(({ field, direction }) => `${direction} ${field}`).join(', ') }
}

export const orderBy = ({ keys }: RegistryOrder): RawBuilder<unknown> =>
  sql.join(keys.map(({ column, direction }) => sql`${column} ${sql.raw(direction)}`))

/** The condition of what comes behind a place. */
export function isBehind({ keys }: RegistryOrder, place: readonly (string | number)[]): RawBuilder<SqlBool> {
  let condition: RawBuilder<SqlBool> = sql`1 = 0`
  for (let at = keys.length - 1; at >= 0; at--) {
    const { column, direction } = keys[at]!
    const beyond = sql.raw(direction === 'asc' ? '>' : '<')
    condition = sql`(${column} ${beyond} ${place[at]!} or (${column} = ${place[at]!} and ${condition}))`
  }
  return condition
}

export const encodeCursor = (order: RegistryOrder, place: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify([order.signature, place])).toString('base64url')

export function decodeCursor(order: RegistryOrder, cursor: string): (string | number)[] {
  const refuse = (reason: string) =>
    new AppError('invalid_argument', `The cursor ${reason}; ask for the first page again.`, { details: { record: 'cursor' } })
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw refuse('is not one of ours')
  }
  if (!Array.isArray(parts) || parts.length !== 2) throw refuse('is not one of ours')
  const [signature, place] = parts as [unknown, unknown]
  if (signature !== order.signature) throw refuse('belongs to another order')
  if (!Array.isArray(place) || place.length !== order.keys.length) throw refuse('is not one of ours')
  if (place.every((value) => typeof value === 'string' || Number.isFinite(value))) return place as (string | number)[]
  throw refuse('is not one of ours')
}
