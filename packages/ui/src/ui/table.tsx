import type { ReactNode } from 'react'
import { usePlace } from '../app/table-keys.ts'

export interface Column<Row> {
  title: string
  /** Said to screen readers only. */
  isUntitled?: boolean
  /** Of its cells and its head: `num`, `wide-only`. */
  className?: string
  /** Of one cell; `className` stays. */
  cellProps?(row: Row, index: number): { className?: string | undefined; title?: string | undefined }
  cell(row: Row, index: number): ReactNode
}

const joined = (...names: (string | undefined)[]): string | undefined => names.filter((name) => name).join(' ') || undefined

/** Rows under their heads, of as many records as a page holds. `j`, `k` and Enter walk it, and the address keeps the row that was opened. */
export function Table<Row>({
  columns,
  rows,
  keyOf,
  isCurrent,
  className,
}: {
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  /** What the address calls a row; without it rows have no place to come back to. */
  keyOf?: (row: Row) => string
  isCurrent?: (row: Row) => boolean
  className?: string
}) {
  const place = usePlace(keyOf !== undefined && rows.length > 0)
  return (
    <table ref={place} className={joined('plain-table', className)}>
      <thead>
        <tr>
          {columns.map(({ title, isUntitled, className: name }, at) => (
            <th key={at} scope="col" className={name}>
              {isUntitled ? <span className="visually-hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => {
          const key = keyOf?.(row)
          return (
            <tr key={key ?? index} data-row={key} className={isCurrent?.(row) ? 'current' : undefined}>
              {columns.map(({ className: name, cellProps, cell }, at) => {
                const props = cellProps?.(row, index)
                return (
                  <td key={at} {...props} className={joined(name, props?.className)}>
                    {cell(row, index)}
                  </td>
                )
              })}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** For a table that nothing in it can be focused of: the keyboard scrolls the box. */
export function ScrollBox({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
    <div className={joined('scroll', className)} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  )
}
