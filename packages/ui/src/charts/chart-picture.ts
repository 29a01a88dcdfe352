import type uPlot from 'uplot'
import { resolveColour } from '../format/colour.ts'
import { axisNumber, chartFont, xText } from './chart-axes.ts'
import { colourAtRest, type Line, type XKind, xOf } from './chart-data.ts'

export interface Picture {
  title: string
  chart: uPlot
  x: XKind
  lines: readonly Line[]
  dense?: readonly Line[]
}

const headHeight = 24
const lineHeight = 16
const mostNamed = 20

/** Those that are told apart. */
const namedOf = (lines: readonly Line[]): readonly Line[] => lines.filter(({ isQuiet }) => !isQuiet).slice(0, mostNamed)

/** The chart as it is on screen, with its title and the names of its lines. */
export async function pngOf({ title, chart, lines }: Picture): Promise<Blob> {
  const ratio = devicePixelRatio
  const named = namedOf(lines)
  const { width, height } = chart
  const canvas = new OffscreenCanvas(width * ratio, (headHeight + height + named.length * lineHeight + 8) * ratio)
  const context = canvas.getContext('2d')!
  context.scale(ratio, ratio)
  context.fillStyle = resolveColour('var(--ground)')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.fillStyle = resolveColour('var(--text)')
  context.font = `600 13px ${chartFont.slice(5)}`
  context.fillText(title, 12, 17)
  context.drawImage(chart.ctx.canvas, 0, headHeight, width, height)
  context.font = chartFont
  for (const [at, line] of named.entries()) {
    const top = headHeight + height + at * lineHeight
    context.fillStyle = resolveColour(colourAtRest(line))
    context.fillRect(12, top + 5, 16, 2)
    context.fillStyle = resolveColour('var(--text)')
    context.fillText(line.label, 34, top + 10)
  }
  return await canvas.convertToBlob({ type: 'image/png' })
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The same as shapes: sharp at every size, and open to be edited. */
export function svgOf({ title, chart, x, lines, dense }: Picture): string {
  const { width, height } = chart
  const plot = plotOf(chart)
  const text = resolveColour('var(--text)')
  const named = namedOf(lines)
  const total = headHeight + height + named.length * lineHeight + 8
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="Inter, system-ui, sans-serif" font-size="11">`,
    `<rect width="${width}" height="${total}" fill="${resolveColour('var(--ground)')}"/>`,
    `<text x="12" y="17" font-size="13" font-weight="600" fill="${text}">${escaped(title)}</text>`,
    `<g transform="translate(0 ${headHeight})">`,
    ...ticksOf(chart, plot, x),
    `<clipPath id="plot"><rect x="${plot.left}" y="${plot.top}" width="${plot.width}" height="${plot.height}"/></clipPath>`,
    `<g clip-path="url(#plot)" fill="none" stroke-width="1.6" stroke-linejoin="round">`,
    ...curvesOf({ title, chart, x, lines, ...(dense ? { dense } : {}) }, plot),
    `</g></g>`,
    ...named.map((line, at) => {
      const top = headHeight + height + at * lineHeight
      return `<rect x="12" y="${top + 5}" width="16" height="2" fill="${resolveColour(colourAtRest(line))}"/><text x="34" y="${top + 10}" fill="${text}">${escaped(line.label)}</text>`
    }),
    `</svg>`,
  ]
  return parts.join('\n')
}

type Plot = ReturnType<typeof plotOf>

function plotOf(chart: uPlot) {
  const { left, top, width, height } = chart.bbox
  const ratio = devicePixelRatio
  return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio }
}

function ticksOf(chart: uPlot, plot: Plot, x: XKind): string[] {
  const muted = resolveColour('var(--muted)')
  const grid = resolveColour('var(--grid)')
  const splits = (axis: number): number[] =>
    (chart.axes[axis] as { _splits?: (number | null)[] })._splits?.flatMap((each) => each ?? []) ?? []
  const across = splits(0).map((value) => {
    const at = (plot.left + chart.valToPos(value, 'x')).toFixed(1)
    return `<path d="M${at} ${plot.top}V${plot.top + plot.height}" stroke="${grid}"/><text x="${at}" y="${plot.top + plot.height + 16}" text-anchor="middle" fill="${muted}">${xText(value, x)}</text>`
  })
  const up = splits(1).map((value) => {
    const at = plot.top + chart.valToPos(value, 'y')
    return `<path d="M${plot.left} ${at.toFixed(1)}H${plot.left + plot.width}" stroke="${grid}"/><text x="${plot.left - 6}" y="${(at + 4).toFixed(1)}" text-anchor="end" fill="${muted}">${axisNumber(value)}</text>`
  })
  return [...across, ...up]
}

function curvesOf({ chart, x, lines, dense = [] }: Picture, plot: Plot): string[] {
  const xs = chart.data[0]
  const across = (value: number): string => (plot.left + chart.valToPos(value, 'x')).toFixed(1)
  const up = (value: number): string => (plot.top + chart.valToPos(value, 'y')).toFixed(1)
  const curve = (values: Values): string => strokesOf(values.length, (at) => [xs[at]!, values[at]], across, up)
  const single = lines.filter(({ band }) => !band)
  let column = chart.data.length - lines.length - 2 * (lines.length - single.length)
  const raw = single
    .slice(0, column - 1)
    .map(
      (line, at) =>
        `<path d="${curve(chart.data[at + 1]!)}" stroke="${resolveColour(colourAtRest(line))}" stroke-width="1" opacity="0.35"/>`,
    )
  const grey = resolveColour('var(--muted)')
  const many = dense.map(
    (line) =>
      `<path d="${strokesOf(line.values.length, (at) => [xOf(line, at, x), line.values[at]], across, up)}" stroke="${grey}" stroke-width="1" opacity="0.08"/>`,
  )
  const own = lines.flatMap((line) => {
    const colour = resolveColour(colourAtRest(line))
    const dash = line.dash.length > 0 ? ` stroke-dasharray="${line.dash.join(' ')}"` : ''
    const [middle, low, high] = [chart.data[column]!, chart.data[column + 1], chart.data[column + 2]]
    column += line.band ? 3 : 1
    const ribbon = line.band && low && high ? ribbonOf(xs, low, high, across, up) : undefined
    return [
      ...(ribbon === undefined ? [] : [`<path d="${ribbon}" fill="${colour}" opacity="0.18"/>`]),
      `<path d="${curve(middle)}" stroke="${colour}"${dash}/>`,
    ]
  })
  return [...raw, ...many, ...own]
}

type Values = ArrayLike<number | null | undefined>
type Place = (value: number) => string

/** Missing between two points is bridged, a gap is one. */
function strokesOf(
  count: number,
  point: (at: number) => [x: number, y: number | null | undefined],
  across: Place,
  up: Place,
): string {
  let path = ''
  let isDown = false
  for (let at = 0; at < count; at++) {
    const [x, y] = point(at)
    if (y === undefined) continue
    const isThere = y !== null && Number.isFinite(y)
    if (isThere) path += `${isDown ? 'L' : 'M'}${across(x)} ${up(y)}`
    isDown = isThere
  }
  return path
}

function ribbonOf(xs: ArrayLike<number>, low: Values, high: Values, across: Place, up: Place): string {
  const there = Array.from({ length: xs.length }, (_, at) => at).filter(
    (at) => typeof low[at] === 'number' && typeof high[at] === 'number',
  )
  if (there.length === 0) return ''
  const side = (values: Values) => (at: number) => `${across(xs[at]!)} ${up(values[at]!)}`
  return `M${there.map(side(high)).join('L')}L${there.toReversed().map(side(low)).join('L')}Z`
}
