import { createHash, type Hash } from 'node:crypto'
import { AppError } from '@trainyard/contract'
import { sql } from 'kysely'
import type { ColumnValue, Reader, Transaction } from './database.ts'
import { storableText } from './postgres/copy-encoder.ts'
import { type TableShape, tableShapes } from './sqlite/table-shapes.ts'

export interface CopiedTable {
  table: string
  rows: number
}

export interface CopyOptions {
  /** What the target holds gives way; without it a target that holds anything is refused. */
  replace?: boolean
  onTable?: (copied: CopiedTable) => void
}

/**
 * Copies every row of one database into another, of whatever kind, and reads all of it back: number of rows and a hash over their
 * content must be the same. Both are one transaction, so a failure leaves the target as it was.
 */
export async function copyRecords(from: Reader, to: Transaction, options: CopyOptions = {}): Promise<CopiedTable[]> {
  const tables = tableShapes()
  if (options.replace !== true) await requireEmpty(to, tables)
  for (const { name } of tables.toReversed()) await to.kysely.deleteFrom(name).execute()
  const copied: CopiedTable[] = []
  for (const table of tables) {
    const written = await digest(from, table, (rows) => to.insertRows(table.name, table.columns, rows))
    if (table.givesNumbers) await passOnLastNumber(from, to, table)
    const read = await digest(to, table)
    if (read.rows !== written.rows || read.hash !== written.hash)
      throw new AppError(
        'storage',
        `The table ${table.name} did not arrive as it was (${written.rows} rows went, ${read.rows} came); nothing was changed.`,
      )
    copied.push({ table: table.name, rows: read.rows })
    options.onTable?.(copied.at(-1)!)
  }
  return copied
}

/** What a new server makes by itself is not counted: the default project, its default experiment, and the number of the last change. */
async function requireEmpty({ kysely }: Reader, tables: readonly TableShape[]): Promise<void> {
  const held: string[] = []
  for (const { name } of tables) {
    if (name === 'change_counter') continue
    let rows = kysely.selectFrom(name).select(({ fn }) => fn.countAll<number>().as('count'))
    if (name === 'projects') rows = rows.where('name', '!=', 'default')
    if (name === 'experiments') rows = rows.where('number', '!=', 0)
    const { count } = await rows.executeTakeFirstOrThrow()
    if (count > 0) held.push(`${name.replaceAll('_', ' ')} (${count})`)
  }
  if (held.length > 0)
    throw new AppError(
      'failed_precondition',
      `The target holds records already: ${held.join(', ')}. Choose an empty one, or give --force to replace everything in it.`,
    )
}

const rowsPerPage = 2_000
/** Rows with bytes have up to half a megabyte. */
const rowsPerPageWithBytes = 64

/** Reads a table in the order of its key, and hands the rows on page by page. */
async function digest(
  reader: Reader,
  table: TableShape,
  use?: (rows: ColumnValue[][]) => Promise<void>,
): Promise<{ rows: number; hash: string }> {
  const hash = createHash('sha256')
  const limit = table.hasBytes ? rowsPerPageWithBytes : rowsPerPage
  const keyPlaces = table.key.map((column) => table.columns.indexOf(column))
  let count = 0
  for (let last: ColumnValue[] | undefined; ;) {
    const rows = await readPage(reader, table, last && keyPlaces.map((place) => last![place]!), limit)
    for (const row of rows) for (const value of row) addValue(hash, value)
    if (use && rows.length > 0) await use(rows)
    count += rows.length
    last = rows.at(-1)
    if (rows.length < limit) return { rows: count, hash: hash.digest('hex') }
  }
}

function readPage(
  reader: Reader,
  { name, columns, key }: TableShape,
  after: readonly ColumnValue[] | undefined,
  limit: number,
): Promise<ColumnValue[][]> {
  const keys = sql.join(key.map((column) => sql.ref(column)))
  const behind = after ? sql`where (${keys}) > (${sql.join(after)})` : sql``
  const list = sql.join(columns.map((column) => sql.ref(column)))
  return reader.arrays({
    compile: () => sql`select ${list} from ${sql.table(name)} ${behind} order by ${keys} limit ${limit}`.compile(reader.kysely),
  })
}

/** The same for what both databases hold to be the same: no database keeps the sign of zero, and Postgres no character U+0000. */
function addValue(hash: Hash, value: ColumnValue): void {
  if (value === null) hash.update('-')
  else if (typeof value === 'number') hash.update(`n${value === 0 ? 0 : value};`)
  else if (typeof value === 'string') hash.update(`t${value.length};${storableText(value)}`)
  else hash.update(`b${value.length};`).update(value)
}

/** Numbers of what was deleted are not given again in the new place either. */
async function passOnLastNumber(from: Reader, to: Transaction, { name }: TableShape): Promise<void> {
  const last = Math.max(await lastNumber(from, name), await lastNumber(to, name))
  if (last === 0) return
  const statement =
    to.dialect.name === 'postgres'
      ? sql`select setval(pg_get_serial_sequence(${name}, 'number'), ${last})`
      : sql`update sqlite_sequence set seq = ${last} where name = ${name}`
  await to.arrays({ compile: () => statement.compile(to.kysely) })
}

async function lastNumber(reader: Reader, table: string): Promise<number> {
  const statement =
    reader.dialect.name === 'postgres'
      ? sql`select pg_sequence_last_value(pg_get_serial_sequence(${table}, 'number')::regclass)`
      : sql`select seq from sqlite_sequence where name = ${table}`
  const [row] = await reader.arrays({ compile: () => statement.compile(reader.kysely) })
  return Number(row?.[0] ?? 0)
}
