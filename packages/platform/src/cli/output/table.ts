import { displayWidth, ellipsis, padEnd, padStart } from './display-width.ts'
import type { Style } from './style.ts'

export interface Column {
  header: string
  align?: 'left' | 'right'
  /** On a narrow terminal this column may be cut, with an ellipsis, down to this width. Without it the column is never cut. */
  shrinkTo?: number
  /** On a terminal that is still too narrow this column may be left out; the last one goes first. */
  optional?: boolean
}

/** `style` is put on after measuring and padding. */
export interface StyledCell {
  text: string
  style?: (text: string) => string
}
export type Cell = string | StyledCell

const gap = '  '

/**
 * An aligned table as lines, without borders and without trailing blanks. With `width` (a terminal) columns shrink and at last
 * drop out until a line fits; without it (a pipe) every line is whole.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { width?: number | undefined; style: Style; header?: boolean },
): string[] {
  const header = options.header ?? true
  const widths = columns.map((column, index) => {
    let width = header ? displayWidth(column.header) : 0
    for (const row of rows) width = Math.max(width, displayWidth(textOf(row[index] ?? '')))
    return width
  })
  const shown = options.width === undefined ? columns.map((_, index) => index) : fit(columns, widths, options.width)
  const line = (cells: readonly Cell[]): string =>
    shown
      .map((index, position) => {
        const cell = cells[index] ?? ''
        const text = options.width === undefined ? textOf(cell) : ellipsis(textOf(cell), widths[index]!)
        const styled = typeof cell === 'string' || !cell.style ? text : cell.style(text)
        if (columns[index]!.align === 'right') return padStart(styled, widths[index]!)
        return position === shown.length - 1 ? styled : padEnd(styled, widths[index]!)
      })
      .join(gap)
      .trimEnd()
  const lines = rows.map(line)
  if (header) lines.unshift(line(columns.map((column) => ({ text: column.header, style: options.style.bold }))))
  return lines
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

/** Shrinks `widths` in place and returns the columns that are shown. */
function fit(columns: readonly Column[], widths: number[], available: number): number[] {
  let shown = columns.map((_, index) => index)
  const total = () => shown.reduce((sum, index) => sum + widths[index]!, gap.length * (shown.length - 1))
  const least = () =>
    shown.reduce(
      (sum, index) => sum + Math.min(widths[index]!, columns[index]!.shrinkTo ?? Infinity),
      gap.length * (shown.length - 1),
    )
  while (least() > available) {
    const last = shown.findLast((index) => columns[index]!.optional === true)
    if (last === undefined) break
    shown = shown.filter((index) => index !== last)
  }
  // No column needs more than the whole line; this also bounds the loop below.
  for (const index of shown) if (columns[index]!.shrinkTo !== undefined) widths[index] = Math.min(widths[index]!, available)
  while (total() > available) {
    const candidates = shown.filter((index) => widths[index]! > (columns[index]!.shrinkTo ?? Infinity))
    if (candidates.length === 0) break
    const widest = candidates.reduce((best, index) => (widths[index]! > widths[best]! ? index : best))
    widths[widest]!--
  }
  return shown
}

/** `name  value` lines with the names aligned: the body of `show`. */
export function renderPairs(pairs: readonly (readonly [name: string, value: Cell])[], style: Style, indent = ''): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)))
  return pairs.map(([name, cell]) => {
    const text = textOf(cell)
    const [first = '', ...rest] = text.split('\n')
    const dress = (line: string) => (typeof cell === 'string' || !cell.style ? line : cell.style(line))
    const blank = ' '.repeat(width)
    return [
      `${indent}${style.dim(padEnd(name, width))}${gap}${dress(first)}`,
      ...rest.map((line) => `${indent}${blank}${gap}${dress(line)}`),
    ]
      .map((line) => line.trimEnd())
      .join('\n')
  })
}
