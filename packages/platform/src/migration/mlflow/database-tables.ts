import type { SourcePoint } from '../source.ts'
import type { SqlReader, SqlRow } from './sql-reader.ts'
import { isOn, numberOf, optionalNumber, textOf } from './wire-fields.ts'

/**
 * The tables of one workspace. Rows are read whole and by the names of their columns: versions of MLflow differ in which columns
 * there are.
 */
export class DatabaseTables {
  readonly reader: SqlReader
  readonly #names: ReadonlySet<string>
  readonly #workspace: string

  constructor(reader: SqlReader, names: ReadonlySet<string>, workspace: string) {
    this.reader = reader
    this.#names = names
    this.#workspace = workspace
  }

  has(table: string): boolean {
    return this.#names.has(table)
  }

  all(table: string): Promise<SqlRow[]> {
    return this.reader.rows(`SELECT * FROM ${this.reader.quote(table)}`)
  }

  async count(table: string): Promise<number> {
    const [row] = await this.reader.rows(`SELECT COUNT(*) AS n FROM ${this.reader.quote(table)}`)
    return Number(row?.['n'] ?? 0)
  }

  /** Rows whose column has one of the values; nothing where there is no such table. */
  async where(table: string, column: string, values: readonly (string | number)[]): Promise<SqlRow[]> {
    if (!this.has(table) || values.length === 0) return []
    const marks = values.map(() => '?').join(', ')
    return await this.reader.rows(
      `SELECT * FROM ${this.reader.quote(table)} WHERE ${this.reader.quote(column)} IN (${marks})`,
      values,
    )
  }

  /** Rows from before there were workspaces are in the one called `default`. */
  isOurs(row: SqlRow): boolean {
    return (textOf(row, 'workspace') || 'default') === this.#workspace
  }

  async otherWorkspaces(): Promise<string[]> {
    const rows = [
      ...(await this.all('experiments')),
      ...(this.has('registered_models') ? await this.all('registered_models') : []),
    ]
    const names = new Set(rows.filter((row) => !this.isOurs(row)).map((row) => textOf(row, 'workspace') || 'default'))
    return [...names].sort()
  }
}

/** Rows by the text of a column. */
export function groupBy(rows: readonly SqlRow[], column: string): Map<string, SqlRow[]> {
  const groups = new Map<string, SqlRow[]>()
  for (const row of rows) {
    const key = textOf(row, column)
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return groups
}

export const toPoint = (row: SqlRow): SourcePoint => ({
  key: textOf(row, 'key'),
  step: numberOf(row, 'step'),
  timeMs: numberOf(row, 'timestamp'),
  value: isOn(row, 'is_nan') ? Number.NaN : (optionalNumber(row, 'value') ?? Number.NaN),
})
