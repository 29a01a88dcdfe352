import { createCanvas, type Canvas } from './canvas.ts'
import { displayWidth, ellipsis, padStart } from './display-width.ts'
import { formatNumber } from './format.ts'
import type { Style } from './style.ts'

export interface PlotPoint {
  x: number
  y: number
}

export interface PlotOptions {
  /** Columns of the terminal, axis labels included. */
  width: number
  /** Rows of the drawing, without title and axis. */
  height: number
  /** Braille and box characters; without it plain ASCII. */
  unicode: boolean
  style: Style
  title?: string
  xLabel?: string
  /** Texts at the left and right end of the x axis instead of its numbers. */
  xEnds?: readonly [left: string, right: string]
}

/** More points than this run into one another as characters and are drawn as braille dots instead. */
const mostBulletPoints = 300

/** Points with the best one marked. Points that are not finite are left out and counted in a last line. */
export function renderScatter(points: readonly PlotPoint[], options: PlotOptions & { best?: PlotPoint | undefined }): string[] {
  return renderPlot(points, options, (canvas, place) => {
    const bullets = options.unicode && points.length <= mostBulletPoints
    for (const point of points.filter(isFinitePoint)) {
      if (bullets) canvas.mark(...place(point), '•')
      else canvas.dot(...place(point))
    }
    if (options.best && isFinitePoint(options.best)) canvas.mark(...place(options.best), options.unicode ? '★' : 'O')
  })
}

/** Points joined in the order they come in. A point that is not finite breaks the line. */
export function renderLine(points: readonly PlotPoint[], options: PlotOptions): string[] {
  return renderPlot(points, options, (canvas, place) => {
    let previous: readonly [number, number] | undefined
    for (const point of points) {
      const at = isFinitePoint(point) ? place(point) : undefined
      if (at) canvas.line(...(previous ?? at), ...at)
      previous = at
    }
  })
}

type Place = (point: PlotPoint) => [x: number, y: number]

const isFinitePoint = (point: PlotPoint): boolean => Number.isFinite(point.x) && Number.isFinite(point.y)

function renderPlot(points: readonly PlotPoint[], options: PlotOptions, draw: (canvas: Canvas, place: Place) => void): string[] {
  const { style, unicode, height } = options
  const finite = points.filter(isFinitePoint)
  const title = options.title === undefined ? [] : [style.bold(ellipsis(options.title, options.width))]
  const missing = points.length - finite.length
  const left = missing === 0 ? [] : [style.dim(`${missing} of ${points.length} points are not finite and not drawn`)]
  if (finite.length === 0) return [...title, points.length === 0 ? 'nothing to draw' : 'no finite value to draw', ...left]

  const x = extent(finite.map((point) => point.x))
  const y = extent(finite.map((point) => point.y))
  const ticks = yTicks(y, height)
  const tickWidth = Math.max(...ticks.map((tick) => displayWidth(tick)))
  const columns = Math.max(8, options.width - tickWidth - 2)
  const canvas = createCanvas(columns, height, unicode)
  draw(canvas, (point) => [position(point.x, x, canvas.width), position(point.y, y, canvas.height)])

  const [bar, corner, dash] = unicode ? ['┤', '└', '─'] : ['|', '+', '-']
  const body = canvas
    .rows()
    .map((row, index) => `${style.dim(padStart(ticks[index]!, tickWidth))} ${style.dim(bar)}${row}`.trimEnd())
  const axis = `${' '.repeat(tickWidth)} ${style.dim(corner + dash.repeat(columns))}`
  return [...title, ...body, axis, xAxisLabels(x, tickWidth + 2, columns, options), ...left]
}

interface Extent {
  low: number
  high: number
}

/** A range of one value is widened so that the point lies in the middle. */
function extent(values: readonly number[]): Extent {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low < high) return { low, high }
  const margin = Math.abs(low) * 0.1 || 1
  return { low: low - margin, high: high + margin }
}

/** Divides before subtracting, so that a range as wide as the doubles does not overflow. */
const position = (value: number, { low, high }: Extent, size: number): number => {
  const scale = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE)
  return Math.round(((value / scale - low / scale) / (high / scale - low / scale)) * (size - 1))
}

/** One text per row: the ends, the middle when there is room, blanks between. */
function yTicks({ low, high }: Extent, height: number): string[] {
  return Array.from({ length: height }, (_, row) => {
    if (row === 0) return formatNumber(high, 4)
    if (row === height - 1) return formatNumber(low, 4)
    if (height >= 5 && height % 2 === 1 && row === (height - 1) / 2) return formatNumber(low / 2 + high / 2, 4)
    return ''
  })
}

function xAxisLabels(x: Extent, indent: number, columns: number, options: PlotOptions): string {
  const [first, last] = options.xEnds ?? [formatNumber(x.low, 4), formatNumber(x.high, 4)]
  const label = options.xLabel ?? ''
  const free = columns - displayWidth(first) - displayWidth(last) - displayWidth(label)
  if (free < 2) return options.style.dim(`${' '.repeat(indent)}${first} ... ${last}`)
  const before = Math.floor(free / 2)
  return options.style.dim(`${' '.repeat(indent)}${first}${' '.repeat(before)}${label}${' '.repeat(free - before)}${last}`)
}

/** A horizontal bar of at most `width` columns for a share between 0 and 1. */
export function renderBar(share: number, width: number, unicode: boolean): string {
  const eighths = Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * width * 8)
  if (!unicode) return '#'.repeat(Math.round(eighths / 8))
  const rest = eighths % 8
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : '▏▎▍▌▋▊▉'[rest - 1])
}
