import { type Column, ScrollBox, Table } from '../ui/table.tsx'

/** Rows under their heads; columns of numbers are aligned as such. */
export function RowTable({
  head,
  rows,
  base,
}: {
  head: readonly string[]
  rows: readonly (readonly string[])[]
  /** Cells that are others there are marked. */
  base?: readonly (readonly string[])[] | undefined
}) {
  const isNumber = head.map((_, column) =>
    rows.slice(0, 20).every((row) => row[column] === undefined || /^(?:-?[\d.]+(?:e[+-]?\d+)?)?$/i.test(row[column])),
  )
  const columns = head.map((title, column): Column<readonly string[]> => ({
    title,
    ...(isNumber[column] ? { className: 'num' } : {}),
    cellProps: (row, at) => ({ className: base && base[at]?.[column] !== row[column] ? 'differs' : undefined }),
    cell: (row) => row[column],
  }))
  return (
    <ScrollBox label="Rows" className="preview-table">
      <Table columns={columns} rows={rows} />
    </ScrollBox>
  )
}

/** Which rows are shown, and the way to the others. */
export function Pages({
  first,
  count,
  total,
  hasNext,
  onPage,
  page,
}: {
  first: number
  count: number
  /** How many rows there are, where that is known. */
  total?: number | undefined
  hasNext: boolean
  page: number
  onPage: (page: number) => void
}) {
  if (page === 0 && !hasNext) return null
  return (
    <p className="pages">
      <button type="button" className="button small" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Before
      </button>
      <span role="status">
        Rows {(first + 1).toLocaleString('en')} to {(first + count).toLocaleString('en')}
        {total === undefined ? '' : ` of ${total.toLocaleString('en')}`}
      </span>
      <button type="button" className="button small" disabled={!hasNext} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </p>
  )
}
