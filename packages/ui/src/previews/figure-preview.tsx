import { axisNumber } from '../charts/chart-axes.ts'
import { slotColour } from '../format/colour.ts'
import type { Figure, Trace } from './figure.ts'

const size = { width: 760, height: 380, left: 64, right: 16, top: 12, bottom: 44 }
const mostTicks = 12

interface Axis {
  at(place: number | string): number
  ticks: { at: number; text: string }[]
}

/** A figure that came as JSON, drawn by ourselves: nothing of what a run made is executed. */
export function FigurePreview({ figure: { title, xTitle, yTitle, traces } }: { figure: Figure }) {
  const isBanded = traces.some(({ kind }) => kind === 'bar' || kind === 'field')
  const x = axisOf(
    traces.flatMap((trace) => trace.x),
    [size.left, size.width - size.right],
    { isBanded, withZero: false },
  )
  const y = axisOf(
    traces.flatMap((trace) => trace.y),
    [size.height - size.bottom, size.top],
    { isBanded: traces.some(({ kind }) => kind === 'field'), withZero: traces.some(({ kind }) => kind === 'bar') },
  )
  return (
    <figure>
      {title !== '' && <h3>{title}</h3>}
      <svg
        className="figure"
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`${title}: ${traces.map(({ name }) => name).join(', ')}`}
      >
        {y.ticks.map(({ at, text }) => (
          <g key={text}>
            <path className="grid-line" d={`M${size.left} ${at}H${size.width - size.right}`} />
            <text x={size.left - 8} y={at + 4} textAnchor="end">
              {text}
            </text>
          </g>
        ))}
        {x.ticks.map(({ at, text }) => (
          <text key={text} x={at} y={size.height - size.bottom + 16} textAnchor="middle">
            {text}
          </text>
        ))}
        {traces.map((trace, at) => (
          <Shapes key={trace.name} trace={trace} x={x} y={y} at={at} of={traces.length} />
        ))}
        <text x={(size.left + size.width) / 2} y={size.height - 8} textAnchor="middle">
          {xTitle}
        </text>
      </svg>
      <ul className="chart-legend">
        {yTitle !== '' && <li className="muted">{yTitle}</li>}
        {traces.length > 1 &&
          traces.map(({ name }, at) => (
            <li key={name}>
              <span className="dot" style={{ background: slotColour(at) }} /> <span className="elide">{name}</span>
            </li>
          ))}
      </ul>
    </figure>
  )
}

function Shapes({ trace, x, y, at, of }: { trace: Trace; x: Axis; y: Axis; at: number; of: number }) {
  const colour = slotColour(at)
  if (trace.kind === 'field') return <Field trace={trace} x={x} y={y} />
  const places = trace.x.map((place, index) => ({ left: x.at(place), top: y.at(trace.y[index]!) }))
  if (trace.kind === 'bar') {
    const width = (0.7 * (size.width - size.left - size.right)) / Math.max(1, new Set(trace.x).size) / of
    const ground = y.at(0)
    return places.map(({ left, top }, index) =>
      Number.isFinite(top) ? (
        <rect
          key={String(trace.x[index])}
          x={left + (at - of / 2) * width}
          y={Math.min(top, ground)}
          width={width}
          height={Math.abs(ground - top)}
          fill={colour}
        >
          <title>{`${trace.x[index]}: ${trace.y[index]}`}</title>
        </rect>
      ) : null,
    )
  }
  const path = places.map(({ left, top }, index) =>
    Number.isFinite(top) ? `${index > 0 && Number.isFinite(places[index - 1]!.top) ? 'L' : 'M'}${left} ${top}` : '',
  )
  return (
    <>
      {trace.kind !== 'dots' && <path d={path.join('')} fill="none" stroke={colour} strokeWidth="1.6" />}
      {trace.kind !== 'line' &&
        places.map(({ left, top }, index) =>
          Number.isFinite(top) ? (
            // Dots have no name but their place in the list.
            // oxlint-disable-next-line react/no-array-index-key
            <circle key={index} cx={left} cy={top} r="3" fill={colour}>
              <title>{`${trace.x[index]}, ${trace.y[index]}`}</title>
            </circle>
          ) : null,
        )}
    </>
  )
}

function Field({ trace: { x: columns, y: rows, z }, x, y }: { trace: Trace; x: Axis; y: Axis }) {
  const values = z.flat().filter((value) => Number.isFinite(value))
  const [low, high] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)]
  const width = (size.width - size.left - size.right) / columns.length
  const height = (size.height - size.top - size.bottom) / rows.length
  return rows.flatMap((row, down) =>
    columns.map((column, along) => {
      const value = z[down]![along]!
      const [left, top] = [x.at(column), y.at(row)]
      return (
        <g key={`${row} ${column}`}>
          <rect
            x={left - width / 2}
            y={top - height / 2}
            width={width}
            height={height}
            fill="var(--run-0)"
            fillOpacity={Number.isFinite(value) ? 0.05 + 0.4 * ((value - low) / (high - low || 1)) : 0}
          />
          {width > 34 && height > 16 && (
            <text className="value" x={left} y={top + 4} textAnchor="middle">
              {axisNumber(value)}
            </text>
          )}
        </g>
      )
    }),
  )
}

function axisOf(
  places: readonly (number | string)[],
  [from, to]: [number, number],
  options: { isBanded: boolean; withZero: boolean },
): Axis {
  const names = [...new Set(places)]
  if ((options.isBanded && !options.withZero) || names.some((place) => typeof place === 'string')) {
    const each = (to - from) / Math.max(1, names.length)
    const order = new Map(names.map((name, at) => [name, from + (at + 0.5) * each]))
    const every = Math.ceil(names.length / mostTicks)
    return {
      at: (place) => order.get(place) ?? Number.NaN,
      ticks: names.filter((_, at) => at % every === 0).map((name) => ({ at: order.get(name)!, text: String(name).slice(0, 14) })),
    }
  }
  const numbers = [...(places as number[]).filter((place) => Number.isFinite(place)), ...(options.withZero ? [0] : [])]
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity)
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity)
  const at = (place: number | string): number => from + ((Number(place) - low) / (high - low || 1)) * (to - from)
  return {
    at,
    ticks: [0, 0.25, 0.5, 0.75, 1]
      .map((share) => low + share * (high - low))
      .map((value) => ({ at: at(value), text: axisNumber(value) })),
  }
}
