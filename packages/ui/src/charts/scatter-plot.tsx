import { useEffect, useMemo, useRef, useState } from 'react'
import type { RunRecord } from '../api/types.ts'
import { useShownTheme } from '../app/theme.ts'
import { resolveColour } from '../format/colour.ts'
import { formatValue } from '../format/number.ts'
import { useSize } from '../ui/use-size.ts'
import { surfaceOf } from './contour.ts'
import type { ValueAxis } from './value-axis.ts'

const frame = { left: 56, right: 14, top: 10, bottom: 34 }
/** Dots keep away from the frame. */
const room = 8
const surfaceSize = 60
/** Colours of a surface change in steps: their borders are the contours. */
const levels = 9

interface Dot {
  run: RunRecord
  x: number
  y: number
  depth: number | undefined
}

/** Runs as dots over two of their values; a third as colour, with the surface between the runs where one asks for it. */
export function ScatterPlot({
  title,
  runs,
  x,
  y,
  depth,
  isContour = false,
  height = 360,
  colourOf,
  nameOf = ({ iteration, name }) => (iteration > 0 ? `#${iteration}` : name),
  onOpen,
}: {
  title: string
  runs: readonly RunRecord[]
  x: ValueAxis
  y: ValueAxis
  depth?: ValueAxis | undefined
  isContour?: boolean
  height?: number
  /** Of a dot without a third value. */
  colourOf?: ((run: RunRecord) => string) | undefined
  nameOf?: (run: RunRecord) => string
  onOpen: (id: string) => void
}) {
  const place = useRef<HTMLDivElement>(null)
  const { width } = useSize(place)
  const theme = useShownTheme()
  const [hover, setHover] = useState<Dot | null>(null)
  const dots = useMemo(
    () =>
      runs.flatMap((run): Dot[] => {
        const [across, up] = [x.place(run), y.place(run)]
        return across === undefined || up === undefined ? [] : [{ run, x: across, y: up, depth: depth?.place(run) }]
      }),
    [runs, x, y, depth],
  )
  const inner = { width: Math.max(0, width - frame.left - frame.right), height: height - frame.top - frame.bottom }
  const xOf = (at: number): number => frame.left + room + at * (inner.width - 2 * room)
  const yOf = (at: number): number => frame.top + room + (1 - at) * (inner.height - 2 * room)
  const everyTick = inner.width < 260 && !x.isText ? 2 : 1
  return (
    <div ref={place} className="scatter" style={{ height }}>
      {isContour && depth && inner.width > 2 * room && (
        <Surface dots={dots} theme={theme} width={inner.width - 2 * room} height={inner.height - 2 * room} />
      )}
      <svg
        role="img"
        aria-label={`${title}: ${dots.length} runs over ${x.name} and ${y.name}${depth ? `, colour by ${depth.name}` : ''}`}
        width={width}
        height={height}
      >
        {x.ticks
          .filter((_, at) => at % everyTick === 0)
          .map(({ at, text }) => (
            <text key={at} x={xOf(at)} y={height - 18} textAnchor="middle" className="tick">
              {text}
            </text>
          ))}
        <text x={frame.left + inner.width / 2} y={height - 4} textAnchor="middle" className="axis-name">
          {x.name}
        </text>
        {y.ticks.map(({ at, text }) => (
          <g key={at}>
            {!isContour && <path d={`M${frame.left} ${yOf(at)}h${inner.width}`} className="grid-line" />}
            <text x={frame.left - 6} y={yOf(at) + 4} textAnchor="end" className="tick">
              {text}
            </text>
          </g>
        ))}
        {dots.map((dot) => (
          <circle
            key={dot.run.id}
            cx={xOf(dot.x)}
            cy={yOf(dot.y)}
            r={hover === dot ? 6 : 4}
            fill={
              depth ? (dot.depth === undefined ? 'var(--muted)' : rampAt(dot.depth)) : (colourOf?.(dot.run) ?? 'var(--run-0)')
            }
            stroke="var(--ground)"
            onPointerEnter={() => setHover(dot)}
            onPointerLeave={() => setHover(null)}
            onClick={() => onOpen(dot.run.id)}
          />
        ))}
      </svg>
      {hover && (
        <div
          className="chart-tip"
          style={{
            top: yOf(hover.y) + 8,
            ...(hover.x > 0.6 ? { right: width - xOf(hover.x) + 10 } : { left: xOf(hover.x) + 10 }),
          }}
        >
          <strong>{nameOf(hover.run)}</strong>
          {[x, y, depth].map((axis) => axis && <Held key={axis.name} axis={axis} run={hover.run} />)}
        </div>
      )}
    </div>
  )
}

function Held({ axis: { name }, run }: { axis: ValueAxis; run: RunRecord }) {
  const key = name.replace(/ \(log\)$/, '')
  return (
    <div className="chart-tip-row">
      <span className="muted elide">{key}</span>
      <strong>{formatValue(run.parameters[key] ?? run.results[key])}</strong>
    </div>
  )
}

/** From faint to full, in steps, the same for dots and surface. */
const rampAt = (share: number): string => {
  const level = Math.min(levels - 1, Math.floor(share * levels))
  return `color-mix(in oklab, var(--run-0) ${12 + (level * 88) / (levels - 1)}%, var(--ramp-low))`
}

function Surface({ dots, theme, width, height }: { dots: readonly Dot[]; theme: string; width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const spots = dots.flatMap(({ x, y, depth }) => (depth === undefined ? [] : [{ x, y, value: depth }]))
    const context = canvas.current?.getContext('2d')
    if (!context || spots.length === 0) return
    const cells = surfaceOf(spots, surfaceSize)
    const [low, high] = [resolveColour('var(--ramp-low)'), resolveColour('var(--run-0)')].map(channels)
    const picture = new ImageData(surfaceSize, surfaceSize)
    for (const [at, value] of cells.entries()) {
      const row = surfaceSize - 1 - Math.floor(at / surfaceSize)
      const level = Math.min(levels - 1, Math.floor(value * levels)) / (levels - 1)
      const colour = low!.map((from, channel) => from + (high![channel]! - from) * (0.06 + level * 0.6))
      picture.data.set([...colour, 255], (row * surfaceSize + (at % surfaceSize)) * 4)
    }
    context.putImageData(picture, 0, 0)
  }, [dots, theme])
  return (
    <canvas
      ref={canvas}
      aria-hidden="true"
      width={surfaceSize}
      height={surfaceSize}
      style={{ left: frame.left + room, top: frame.top + room, width, height }}
    />
  )
}

const channels = (colour: string): number[] => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
