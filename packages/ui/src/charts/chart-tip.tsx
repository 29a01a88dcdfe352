import { formatNumber } from '../format/number.ts'
import { nearestIn, xText } from './chart-axes.ts'
import { type ChartData, colourAtRest, type Line, type XKind } from './chart-data.ts'
import { litRun } from './lit-run.ts'

export interface Hover {
  left: number
  at: number
  /** The value at the height of the pointer. */
  value: number
}

const mostListed = 8

/** What the lines hold under the crosshair, the nearest first. */
export function ChartTip({
  hover,
  data,
  firstColumn,
  lines,
  x,
  width,
}: {
  hover: Hover
  data: ChartData['data']
  /** Of the lines among the columns; raw ones may stand before them. */
  firstColumn: number
  lines: readonly Line[]
  x: XKind
  width: number
}) {
  const xs = data[0] as number[]
  let column = firstColumn
  const rows = lines.map((line) => {
    const [values, low, high] = [data[column], data[column + 1], data[column + 2]]
    column += line.band ? 3 : 1
    const at = values ? nearestIn(values, hover.at) : 0
    const value = values?.[at]
    return { line, value, range: line.band && ([low?.[at], high?.[at]] as const) }
  })
  const distance = (value: number | null | undefined): number =>
    typeof value === 'number' ? Math.abs(value - hover.value) : Infinity
  const shown = rows.toSorted((one, other) => distance(one.value) - distance(other.value)).slice(0, mostListed)
  const isRight = hover.left > width / 2
  return (
    <div className="chart-tip" style={isRight ? { right: width - hover.left - 40 } : { left: hover.left + 70 }}>
      <div className="muted">
        {x === 'step' ? 'step ' : ''}
        {xText(xs[hover.at] ?? 0, x)}
      </div>
      {shown.map(({ line, value, range }) => (
        <div key={line.id} className="chart-tip-row">
          <span className="dot" style={{ background: line.run === litRun() ? line.colour : colourAtRest(line) }} />
          <span className="elide">{line.label}</span>
          <strong>{textOf(value)}</strong>
          {range && (
            <span className="muted">
              {textOf(range[0])} … {textOf(range[1])}
            </span>
          )}
        </div>
      ))}
      {rows.length > mostListed && <div className="muted">+{rows.length - mostListed}</div>}
    </div>
  )
}

const textOf = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'NaN' : formatNumber(value, 5)
