import type { RawBuilder } from 'kysely'
import type { CompilableQuery, Dialect, Reader } from './database.ts'

/**
 * A query whose only value is a list of integers of any length, behind `in`. It is compiled once for each database: that takes
 * 30 to 100 µs, as long as SQLite takes to answer for a page.
 */
export function numberListQuery(
  build: (reader: Reader, numbers: RawBuilder<number>) => CompilableQuery,
): (reader: Reader, numbers: readonly number[]) => CompilableQuery {
  const compiled = new WeakMap<Dialect, string>()
  return (reader, numbers) => {
    const { dialect } = reader
    let sql = compiled.get(dialect)
    if (sql === undefined) compiled.set(dialect, (sql = build(reader, dialect.numberList([])).compile().sql))
    const query = { sql, parameters: [dialect.numberListValue(numbers)] }
    return { compile: () => query }
  }
}
