/** Rows as objects, columns as lists, or a data frame of a library that offers one of the two. */
export type TableInput =
  | Iterable<Readonly<Record<string, unknown>>>
  | Readonly<Record<string, ArrayLike<unknown>>>
  | DataFrameLike

/** What is used of Arrow tables (`schema`, `getChild`), nodejs-polars (`toRecords`) and Arquero (`objects`). */
export interface DataFrameLike {
  schema?: { fields: readonly { name: string }[] }
  getChild?: (name: string) => Iterable<unknown> | null
  toRecords?: () => Iterable<Record<string, unknown>>
  objects?: () => Iterable<Record<string, unknown>>
}

/** Column by column; every column has `rowCount` values. */
export interface Table {
  readonly names: readonly string[]
  readonly columns: ReadonlyMap<string, ArrayLike<unknown>>
  readonly rowCount: number
}

/** Throws a `TypeError` with a sentence when the value is no table. */
export function toTable(input: TableInput): Table {
  if (typeof input !== 'object' || input === null) throw new TypeError('a data set is a list of rows or an object of columns')
  if (Symbol.iterator in input && !isFrame(input)) return fromRows(input as Iterable<Record<string, unknown>>)
  const frame: DataFrameLike = input as DataFrameLike
  if (frame.schema && typeof frame.getChild === 'function') return fromArrow(frame, frame.schema)
  if (typeof frame.toRecords === 'function') return fromRows(frame.toRecords())
  if (typeof frame.objects === 'function') return fromRows(frame.objects())
  return fromColumns(input as Record<string, ArrayLike<unknown>>)
}

const isFrame = (input: object): boolean => 'getChild' in input || 'toRecords' in input

function fromArrow(frame: DataFrameLike, schema: NonNullable<DataFrameLike['schema']>): Table {
  const columns: Record<string, ArrayLike<unknown>> = {}
  for (const { name } of schema.fields) columns[name] = Array.from(frame.getChild?.(name) ?? [])
  return fromColumns(columns)
}

function fromColumns(input: Readonly<Record<string, ArrayLike<unknown>>>): Table {
  const columns = new Map<string, ArrayLike<unknown>>()
  let rowCount: number | undefined
  for (const [name, values] of Object.entries(input)) {
    if (typeof values !== 'object' || values === null || typeof values.length !== 'number') {
      throw new TypeError(`column '${name}' is not a list`)
    }
    rowCount ??= values.length
    if (values.length !== rowCount)
      throw new TypeError(`column '${name}' has ${values.length} values, the others have ${rowCount}`)
    columns.set(name, values)
  }
  return { names: [...columns.keys()], columns, rowCount: rowCount ?? 0 }
}

/** Columns are the union of the rows' keys in order of first appearance; a key a row lacks is missing there. */
function fromRows(rows: Iterable<Readonly<Record<string, unknown>>>): Table {
  const columns = new Map<string, unknown[]>()
  let rowCount = 0
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new TypeError(`row ${rowCount + 1} is not an object with a value per column`)
    }
    for (const name of Object.keys(row)) {
      let column = columns.get(name)
      if (!column) columns.set(name, (column = []))
      column[rowCount] = row[name]
    }
    rowCount++
  }
  for (const column of columns.values()) column.length = rowCount
  return { names: [...columns.keys()], columns, rowCount }
}
