import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { RunRecord } from '../api/types.ts'
import { useShownTheme } from '../app/theme.ts'
import { resolveColour } from '../format/colour.ts'
import { useSize } from '../ui/use-size.ts'
import { type Goal, valueOf } from '../run/sweep-facts.ts'
import { goalAxis, parameterAxis, type ValueAxis } from './value-axis.ts'

const height = 300
const top = 44
const bottom = 24
const side = 56
const mostLines = 2_000
const coloured = 10

type Brushes = ReadonlyMap<number, { low: number; high: number }>

/** One line per run through its parameters to the goal, on a canvas. */
export function ParallelPlot({
  runs,
  parameters,
  goal,
  onOpen,
}: {
  runs: readonly RunRecord[]
  parameters: readonly string[]
  goal: Goal
  onOpen: (id: string) => void
}) {
  const place = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const { width } = useSize(place)
  const theme = useShownTheme()
  const [brushes, setBrushes] = useState<Brushes>(new Map())
  const [hover, setHover] = useState<string | null>(null)
  const axes = useMemo(
    () => [...parameters.map((name) => parameterAxis(runs, name)), goalAxis(runs, goal)],
    [runs, parameters, goal],
  )
  const shown = useMemo(() => rankRuns(runs, goal).slice(0, mostLines), [runs, goal])
  const xOf = (at: number): number => side + (at * (width - 2 * side)) / Math.max(1, axes.length - 1)
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, { width, axes, shown, brushes, hover, xOf })
  })
  const [dragging, setDragging] = useState<{ axis: number; from: number } | null>(null)
  const where = (event: PointerEvent): { axis: number; at: number; x: number; y: number } => {
    const box = canvas.current!.getBoundingClientRect()
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    const step = (width - 2 * side) / Math.max(1, axes.length - 1)
    const at = Math.max(0, Math.min(1, 1 - (y - top) / (height - top - bottom)))
    return { axis: Math.max(0, Math.min(axes.length - 1, Math.round((x - side) / step))), at, x, y }
  }
  const onPointerDown = (event: PointerEvent): void => {
    const { axis, at, x } = where(event)
    if (Math.abs(x - xOf(axis)) < 14) {
      setDragging({ axis, from: at })
      canvas.current!.setPointerCapture(event.pointerId)
    }
  }
  const onPointerMove = (event: PointerEvent): void => {
    const { at, x, y } = where(event)
    if (dragging)
      setBrushes(new Map([...brushes, [dragging.axis, { low: Math.min(dragging.from, at), high: Math.max(dragging.from, at) }]]))
    else setHover(nearestRun({ x, y, shown, axes, xOf }))
  }
  const onPointerUp = (event: PointerEvent): void => {
    const { at } = where(event)
    if (dragging && Math.abs(at - dragging.from) < 0.02) {
      const next = new Map(brushes)
      next.delete(dragging.axis)
      setBrushes(next)
    } else if (!dragging && hover !== null) onOpen(hover)
    setDragging(null)
  }
  const count = shown.filter((run) => isInside(run, axes, brushes)).length
  return (
    <div ref={place}>
      <canvas
        ref={canvas}
        className="parallel"
        data-theme-drawn={theme}
        role="img"
        aria-label={`${shown.length} runs over ${parameters.join(', ')} to ${goal.metric}; the table of iterations holds the same numbers`}
        style={{ height, cursor: hover ? 'pointer' : 'default' }}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerLeave={() => setHover(null)}
      />
      {brushes.size > 0 && (
        <p className="muted">
          {count} of {shown.length} chosen{' '}
          <button type="button" className="button plain small" onClick={() => setBrushes(new Map())}>
            Choose all
          </button>
        </p>
      )}
    </div>
  )
}

function rankRuns(runs: readonly RunRecord[], { metric, direction }: Goal): RunRecord[] {
  return runs
    .filter((run) => Number.isFinite(valueOf(run, metric)))
    .toSorted((left, right) => (valueOf(right, metric) - valueOf(left, metric)) * (direction === 'max' ? 1 : -1))
}

const isInside = (run: RunRecord, axes: readonly ValueAxis[], brushes: Brushes): boolean =>
  [...brushes].every(([axis, { low, high }]) => {
    const at = axes[axis]?.place(run)
    return at !== undefined && at >= low && at <= high
  })

const yOf = (at: number): number => top + (1 - at) * (height - top - bottom)

function draw(
  canvas: HTMLCanvasElement,
  view: {
    width: number
    axes: readonly ValueAxis[]
    shown: readonly RunRecord[]
    brushes: Brushes
    hover: string | null
    xOf: (at: number) => number
  },
): void {
  const { width, axes, shown, brushes, hover, xOf } = view
  const ratio = devicePixelRatio
  canvas.width = width * ratio
  canvas.height = height * ratio
  const context = canvas.getContext('2d')!
  context.scale(ratio, ratio)
  const muted = resolveColour('var(--muted)')
  const line = (run: RunRecord): void => {
    context.beginPath()
    let isDown = false
    for (const [at, axis] of axes.entries()) {
      const value = axis.place(run)
      // What a run does not have breaks its line: through the axis it would read as a value.
      if (value === undefined) {
        isDown = false
        continue
      }
      if (isDown) context.lineTo(xOf(at), yOf(value))
      else context.moveTo(xOf(at), yOf(value))
      isDown = true
    }
    context.stroke()
  }
  const inside = shown.filter((run) => isInside(run, axes, brushes))
  context.globalAlpha = 0.22
  context.strokeStyle = muted
  context.lineWidth = 1
  for (const run of brushes.size > 0 ? shown : shown.slice(coloured)) line(run)
  context.globalAlpha = 1
  context.strokeStyle = resolveColour('var(--run-0)')
  context.lineWidth = 1.5
  for (const run of inside.slice(1, brushes.size > 0 ? 200 : coloured)) line(run)
  const special = shown.find((run) => run.id === hover) ?? inside[0]
  if (special) {
    context.strokeStyle = resolveColour('var(--run-1)')
    context.lineWidth = 2.5
    line(special)
  }
  context.font = '11px Inter Variable, system-ui, sans-serif'
  context.textAlign = 'center'
  for (const [at, axis] of axes.entries()) {
    context.strokeStyle = resolveColour('var(--control)')
    context.lineWidth = 1
    context.beginPath()
    context.moveTo(xOf(at), yOf(0))
    context.lineTo(xOf(at), yOf(1))
    context.stroke()
    context.fillStyle = resolveColour('var(--text)')
    context.fillText(axis.name, xOf(at), 14, side * 2)
    context.fillStyle = muted
    for (const tick of axis.isText ? axis.ticks : [...new Set([...axis.ticks.slice(0, 1), ...axis.ticks.slice(-1)])])
      context.fillText(tick.text, xOf(at), tick.at === 1 ? 32 : tick.at === 0 ? height - 8 : yOf(tick.at) + 4)
    const brush = brushes.get(at)
    if (!brush) continue
    context.fillStyle = resolveColour('var(--accent)')
    context.globalAlpha = 0.25
    context.fillRect(xOf(at) - 7, yOf(brush.high), 14, yOf(brush.low) - yOf(brush.high))
    context.globalAlpha = 1
  }
}

function nearestRun(view: {
  x: number
  y: number
  shown: readonly RunRecord[]
  axes: readonly ValueAxis[]
  xOf: (at: number) => number
}): string | null {
  const { x, y, shown, axes, xOf } = view
  let found: string | null = null
  let nearest = 6
  for (const run of shown) {
    for (let at = 0; at + 1 < axes.length; at++) {
      const [left, right] = [xOf(at), xOf(at + 1)]
      if (x < left || x > right) continue
      const [from, to] = [axes[at]!.place(run), axes[at + 1]!.place(run)]
      if (from === undefined || to === undefined) continue
      const share = (x - left) / (right - left)
      const distance = Math.abs(yOf(from + (to - from) * share) - y)
      if (distance < nearest) {
        nearest = distance
        found = run.id
      }
    }
  }
  return found
}
