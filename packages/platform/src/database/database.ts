import type { Expression, Kysely, RawBuilder, SqlBool } from 'kysely'
import type { TableName, Tables } from './schema.ts'

/**
 * One open database, SQLite in a file or Postgres, behind the same promises.
 *
 * Nothing outside this folder knows which one it is: queries are built with Kysely, and what differs between the two is an
 * operation of `Reader`, `Transaction` or `Dialect`. Every failure of the database itself arrives as an AppError: `storage` (full,
 * read-only, damaged), `unavailable` (locked for a minute), `already_exists` (a unique key is taken), `not_found` (a row that is
 * referred to is gone).
 */
export interface Database extends AsyncDisposable {
  readonly dialect: Dialect
  /**
   * Runs queries on one consistent snapshot that includes every write acknowledged before the call. Operations await nothing but
   * database calls and start no other `read` or `write` that they wait for.
   */
  read<Result>(operation: (reader: Reader) => Promise<Result>): Promise<Result>
  /**
   * Runs changes that are durable when the promise resolves, all of them or none. Operations asked for in one turn of the event
   * loop share one transaction, in order, each seeing the ones before; one that throws takes back its own changes only, and so
   * does one of which a statement failed, even if it caught that. Writes of all processes take turns: what an operation has read
   * is still so when it writes.
   * Operations await nothing but database calls, and must not act on the outside before the promise resolves.
   */
  write<Result>(operation: (transaction: Transaction) => Promise<Result>): Promise<Result>
  /** The schema's version, and what a check of the whole file finds wrong: nothing when it is sound. Reads every page once. */
  inspect(): Promise<{ version: number; problems: string[] }>
  /** The space it takes on disk, indexes and what is not yet given back included. */
  sizeBytes(): Promise<number>
  /**
   * Gives the space of deleted rows back, after the writes under way: SQLite to the disk, Postgres mostly to later rows.
   * `unavailable` while others keep it busy.
   */
  compact(): Promise<void>
  /** Waits for what is under way. Idempotent; later calls of `read` and `write` fail. */
  close(): Promise<void>
}

export interface Reader {
  readonly kysely: Kysely<Tables>
  readonly dialect: Dialect
  /** The rows as arrays in order of the selected columns: twice as fast as objects where there are thousands. */
  arrays(query: CompilableQuery): Promise<ColumnValue[][]>
  /** The integers of a query whose one column is called `n`, in no particular order: the fastest way to fetch 100,000 of them. */
  integers(query: CompilableQuery): Promise<number[]>
}

export interface Transaction extends Reader {
  /**
   * Inserts rows given as arrays in order of `columns`, as fast as the database can (a prepared statement, COPY). With
   * `onConflict: 'ignore'` rows whose primary or unique key exists are passed over; with `{ replace: keyColumns }` the row of that
   * unique key takes the new values. A NaN is stored as NULL.
   */
  insertRows(
    table: TableName,
    columns: readonly string[],
    rows: Iterable<readonly ColumnValue[]>,
    options?: InsertOptions,
  ): Promise<void>
  /**
   * Names this opened database for the others that have it open too, from now on until it is closed or its process ends, however it
   * does. The same name each time.
   */
  presence(): Promise<string>
  /** Whether whoever was given that name is still there. Where a whole machine is lost, Postgres may take it for present for a while. */
  isPresent(name: string): Promise<boolean>
}

export type ColumnValue = string | number | null | Uint8Array

export interface InsertOptions {
  onConflict?: 'ignore' | { replace: readonly string[] }
}

/** Any Kysely query builder, and `sql` templates through `.compile(kysely)`. */
export interface CompilableQuery {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
}

/** The expressions that databases spell differently. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** `%` stands for any text, `_` for one character, a backslash makes the next character plain. Letters match exactly; with a NUL nothing does. */
  readonly like: (text: Expression<string | null>, pattern: string) => RawBuilder<SqlBool>
  /** As `like`, whatever the case. */
  readonly likeAnyCase: (text: Expression<string | null>, pattern: string) => RawBuilder<SqlBool>
  /** Whether `part` occurs in the text, letter by letter. */
  readonly contains: (text: Expression<string | null>, part: string) => RawBuilder<SqlBool>
  /** Whether a regular expression in the syntax of RE2 matches somewhere in the text, in time proportional to it. */
  readonly matches: (text: Expression<string | null>, pattern: string) => RawBuilder<SqlBool>
  /** A member of a column that holds a JSON object: a string as the text it stands for, any other value as its JSON, NULL without it. */
  readonly jsonMember: (json: Expression<string | null>, key: string) => RawBuilder<string | null>
  /** A JSON string column as the text it stands for, any other JSON value as its JSON. */
  readonly jsonText: (json: Expression<string | null>) => RawBuilder<string>
  /** A list of any length behind `in`, bound as one value. */
  readonly numberList: (numbers: readonly number[]) => RawBuilder<number>
  /** What `numberList` binds. */
  readonly numberListValue: (numbers: readonly number[]) => string
  /** A column in descending or ascending order with missing values last. */
  readonly nullsLast: (direction: 'asc' | 'desc') => RawBuilder<unknown>
}

/** Parts of an `IN (…)` list that every database takes: Postgres and SQLite both stop near 32,000 bound values. */
export const boundValuesPerQuery = 10_000
