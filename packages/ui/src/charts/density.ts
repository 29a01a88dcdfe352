import { type Axes, type Line, xOf } from './chart-data.ts'

export interface DensityField {
  columns: number
  rows: number
  /** Row after row from the bottom. Each line spreads one over the cells that it crosses of a column. */
  cells: Float32Array
}

export interface DensityRange {
  left: number
  right: number
  bottom: number
  top: number
}

/**
 * Where very many lines run, counted: each line weighs the same in each column, whether it is steep there or flat, so that noise does not
 * outshine a trend (Moritz and Fisher, "Visualizing a Million Time Series with the Density Line Chart").
 */
export function densityOf(
  lines: readonly Line[],
  axes: Axes,
  range: DensityRange,
  { columns, rows }: { columns: number; rows: number },
): DensityField {
  const cells = new Float32Array(columns * rows)
  const across = scaleOf(range.left, range.right, axes.isLogX === true, columns)
  const up = scaleOf(range.bottom, range.top, axes.isLog, rows)
  for (const line of lines) {
    let before: { column: number; row: number } | undefined
    for (let at = 0; at < line.values.length; at++) {
      const next = { column: across(xOf(line, at, axes.x)), row: up(line.values[at]!) }
      if (!Number.isFinite(next.row) || !Number.isFinite(next.column)) before = undefined
      else {
        addStretch(cells, columns, rows, before ?? next, next)
        before = next
      }
    }
  }
  return { columns, rows, cells }
}

/** From a value to a place among `count` cells, with fractions. */
function scaleOf(low: number, high: number, isLog: boolean, count: number): (value: number) => number {
  const scale = isLog ? Math.log : (value: number) => value
  const [from, to] = [scale(low), scale(high)]
  return (value) => ((scale(value) - from) / (to - from || 1)) * count
}

type Place = { column: number; row: number }

/** The cells between two points of a line; those of the first column were the stretch's before, unless it begins there. */
function addStretch(cells: Float32Array, columns: number, rows: number, from: Place, to: Place): void {
  const first = Math.floor(from.column) + (from === to || Math.floor(from.column) === Math.floor(to.column) ? 0 : 1)
  const last = Math.min(columns - 1, Math.floor(to.column))
  const slope = to.column === from.column ? 0 : (to.row - from.row) / (to.column - from.column)
  const rowAt = (column: number): number => from.row + (Math.max(from.column, Math.min(to.column, column)) - from.column) * slope
  for (let column = Math.max(0, first); column <= last; column++) {
    const isPoint = from === to || slope === 0
    const [one, other] = isPoint ? [to.row, to.row] : [rowAt(column), rowAt(column + 1)]
    const low = Math.max(0, Math.floor(Math.min(one, other)))
    const high = Math.min(rows - 1, Math.floor(Math.max(one, other)))
    for (let row = low; row <= high; row++) cells[row * columns + column]! += 1 / (high - low + 1)
  }
}

/** From no ink to full ink by the logarithm: one line among a thousand is still seen. */
export function inkOf({ cells }: DensityField): Uint8ClampedArray {
  let most = 0
  for (const cell of cells) most = Math.max(most, cell)
  const full = Math.log1p(most)
  return Uint8ClampedArray.from(cells, (cell) => (cell === 0 ? 0 : 40 + (Math.log1p(cell) / full) * 215))
}
