import { ConnectionReader } from '../connection-reader.ts'
import type { ColumnValue, CompilableQuery, Dialect, InsertOptions, Transaction } from '../database.ts'
import type { TableName } from '../schema.ts'
import { type CopyType, encodeCopy } from './copy-encoder.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { fromPostgresError } from './postgres-errors.ts'
import { createPostgresKysely } from './postgres-kysely.ts'
import type { PostgresPresence } from './postgres-presence.ts'

interface ReaderOptions {
  dialect: Dialect
  place: string
}

export class PostgresReader extends ConnectionReader<PostgresConnection> {
  constructor(connection: PostgresConnection, { dialect, place }: ReaderOptions) {
    const kysely = createPostgresKysely(connection, place)
    super(connection, { dialect, kysely, translate: (error) => fromPostgresError(error, place) })
  }

  /** As one text: the driver makes no row and no array for each. */
  integers(query: CompilableQuery): Promise<number[]> {
    const { sql, parameters } = query.compile()
    return this.attempt(async () => {
      const [row] = await this.connection.arrays(`SELECT string_agg(n::text, ',') FROM (${sql}) AS numbers`, parameters)
      return JSON.parse(`[${String(row?.[0] ?? '')}]`) as number[]
    })
  }
}

/** From this many rows on COPY is faster than one statement with bound values. */
const rowsWorthCopying = 200
/** The protocol counts bound values with 16 bits. */
const mostBoundValues = 32_000

export class PostgresTransaction extends PostgresReader implements Transaction {
  /** Column types by table, as far as they were needed. */
  readonly #types = new Map<TableName, ReadonlyMap<string, CopyType>>()
  readonly #presence: PostgresPresence

  constructor(connection: PostgresConnection, { presence, ...options }: ReaderOptions & { presence: PostgresPresence }) {
    super(connection, options)
    this.#presence = presence
  }

  presence(): Promise<string> {
    return this.attempt(() => this.#presence.name(this.connection))
  }

  isPresent(name: string): Promise<boolean> {
    return this.attempt(() => this.#presence.isPresent(this.connection, name))
  }

  insertRows(
    table: TableName,
    columns: readonly string[],
    rows: Iterable<readonly ColumnValue[]>,
    options: InsertOptions = {},
  ): Promise<void> {
    return this.attempt(async () => {
      const all = withoutRepeats(columns, Array.isArray(rows) ? rows : [...rows], options)
      if (all.length === 0) return
      if (all.length >= rowsWorthCopying) await this.#copy(table, columns, all, options)
      else await this.#insert(table, columns, all, options)
      // Numbers that were given are passed over by those that the database gives.
      if (columns.includes('number') && (await this.#columnTypes(table)).get('number') === 'int8') await this.#raiseNumbers(table)
    })
  }

  async #insert(
    table: TableName,
    columns: readonly string[],
    rows: readonly (readonly ColumnValue[])[],
    options: InsertOptions,
  ): Promise<void> {
    const perStatement = Math.max(1, Math.floor(mostBoundValues / columns.length))
    for (let at = 0; at < rows.length; at += perStatement) {
      const part = rows.slice(at, at + perStatement)
      let place = 0
      const values = part.map((row) => `(${row.map(() => `$${++place}`).join(', ')})`).join(', ')
      await this.connection.objects(
        `INSERT INTO ${table} (${quoted(columns)}) VALUES ${values}${conflictClause(columns, options)}`,
        part.flat(),
      )
    }
  }

  /** Straight into the table; with a rule for conflicts, which COPY does not know, by way of a table of this session. */
  async #copy(
    table: TableName,
    columns: readonly string[],
    rows: readonly (readonly ColumnValue[])[],
    options: InsertOptions,
  ): Promise<void> {
    const known = await this.#columnTypes(table)
    const types = columns.map((column) => known.get(column) ?? 'text')
    const names = quoted(columns)
    if (options.onConflict === undefined) {
      await this.connection.copyIn(`COPY ${table} (${names}) FROM STDIN (FORMAT binary)`, encodeCopy(types, rows))
      return
    }
    const staging = `pg_temp.staging_${table}`
    await this.connection.execute(
      `CREATE TEMP TABLE IF NOT EXISTS staging_${table} ON COMMIT DELETE ROWS AS SELECT * FROM ${table} WITH NO DATA; TRUNCATE ${staging}`,
    )
    await this.connection.copyIn(`COPY ${staging} (${names}) FROM STDIN (FORMAT binary)`, encodeCopy(types, rows))
    await this.connection.execute(
      `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${staging}${conflictClause(columns, options)}`,
    )
  }

  async #columnTypes(table: TableName): Promise<ReadonlyMap<string, CopyType>> {
    const known = this.#types.get(table)
    if (known) return known
    const rows = await this.connection.arrays(
      `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    )
    const names: Record<string, CopyType> = { bigint: 'int8', 'double precision': 'float8', text: 'text', bytea: 'bytea' }
    const types = new Map(rows.map(([column, type]) => [String(column), names[String(type)] ?? 'text']))
    this.#types.set(table, types)
    return types
  }

  async #raiseNumbers(table: TableName): Promise<void> {
    await this.connection.objects(
      `SELECT setval(sequence, greatest(last, (SELECT coalesce(max(number), 1) FROM ${table})))
       FROM (SELECT pg_get_serial_sequence('${table}', 'number') AS sequence) AS named,
         LATERAL (SELECT coalesce(pg_sequence_last_value(sequence::regclass), 1) AS last) AS reached
       WHERE sequence IS NOT NULL`,
    )
  }
}

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(', ')

/** One statement may touch a row only once: of rows with the same key the last one is left, which is what replacing comes to. */
function withoutRepeats(
  columns: readonly string[],
  rows: readonly (readonly ColumnValue[])[],
  { onConflict }: InsertOptions,
): readonly (readonly ColumnValue[])[] {
  if (rows.length < 2 || onConflict === undefined || onConflict === 'ignore') return rows
  const places = onConflict.replace.map((key) => columns.indexOf(key))
  const last = new Map(rows.map((row) => [JSON.stringify(places.map((place) => row[place])), row]))
  return last.size === rows.length ? rows : [...last.values()]
}

function conflictClause(columns: readonly string[], { onConflict }: InsertOptions): string {
  if (onConflict === undefined) return ''
  if (onConflict === 'ignore') return ' ON CONFLICT DO NOTHING'
  const keys = onConflict.replace
  const others = columns.filter((column) => !keys.includes(column)).map((column) => `"${column}" = excluded."${column}"`)
  return ` ON CONFLICT (${quoted(keys)}) DO UPDATE SET ${others.join(', ')}`
}
