import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Reader } from './database.ts'
import { decodeCursor, encodeCursor, isKey } from './page-cursor.ts'

/** The order of a page: columns none of which is ever missing, of which the last makes every place its own. */
export interface KeySetOrder {
  readonly keys: readonly { field: string; column: RawBuilder<string | number>; direction: 'asc' | 'desc' }[]
  /** Belongs to this order only; part of every cursor. */
  readonly signature: string
}

interface Sort {
  field: string
  direction: 'ascending' | 'descending'
}

/** `sort`, then those of `ties` it does not name. A field named twice is refused. */
export function createKeySetOrder(
  columns: Readonly<Record<string, RawBuilder<string | number>>>,
  sort: readonly Sort[],
  ties: readonly Sort[],
): KeySetOrder {
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

const orderBy = ({ keys }: KeySetOrder): RawBuilder<unknown> =>
  sql.join(keys.map(({ column, direction }) => sql`${column} ${sql.raw(direction)}`))

/** The condition of what comes behind a place. */
function isBehind({ keys }: KeySetOrder, place: readonly (string | number)[]): RawBuilder<SqlBool> {
  let condition: RawBuilder<SqlBool> = sql`1 = 0`
  for (let at = keys.length - 1; at >= 0; at--) {
    const { column, direction } = keys[at]!
    const beyond = sql.raw(direction === 'asc' ? '>' : '<')
    condition = sql`(${column} ${beyond} ${place[at]!} or (${column} = ${place[at]!} and ${condition}))`
  }
  return condition
}

const defaultLimit = 100
const largestLimit = 200_000

/** What is walked: the integer key of a row, and where rows come from, with the conditions they fulfil (a `where` included). */
export interface KeySetSource {
  number: RawBuilder<unknown>
  from: RawBuilder<unknown>
}

/** A page of a query in a key-set order: the keys of its rows, and the cursor of the next page where there is one. */
export async function readKeySetPage(
  reader: Reader,
  { limit = defaultLimit, cursor }: { limit?: number; cursor?: string },
  order: KeySetOrder,
  { number, from }: KeySetSource,
): Promise<{ numbers: number[]; next: string | null }> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestLimit)
    throw new AppError('invalid_argument', `The limit must be a whole number from 1 to ${largestLimit}, not ${limit}.`)
  const behind =
    cursor === undefined
      ? sql`1 = 1`
      : isBehind(order, decodeCursor(cursor, { ...order, size: order.keys.length, isValue: isKey }))
  const columns = sql.join(order.keys.map((key) => key.column))
  const found = await reader.arrays({
    compile: () =>
      sql`select ${number}, ${columns} from ${from} and ${behind} order by ${orderBy(order)} limit ${limit + 1}`.compile(
        reader.kysely,
      ),
  })
  const page = found.slice(0, limit)
  const [, ...place] = page.at(-1) ?? []
  return {
    numbers: page.map((row) => row[0] as number),
    next: found.length > limit ? encodeCursor(order.signature, place) : null,
  }
}
