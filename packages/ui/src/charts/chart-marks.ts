import type uPlot from 'uplot'
import { resolveColour } from '../format/colour.ts'
import type { Axes, ChartData, Line } from './chart-data.ts'
import { densityOf, inkOf } from './density.ts'

/** Where a line is not a number, at the edge it left by. */
export function drawOdd(chart: uPlot, odd: ChartData['odd']): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.fillStyle = resolveColour('var(--failed)')
  const size = 3 * devicePixelRatio
  for (const { x, kind } of odd) {
    const left = chart.valToPos(x, 'x', true)
    if (left < bbox.left || left > bbox.left + bbox.width) continue
    const top = kind === 'above' ? bbox.top : bbox.top + bbox.height - size * 2
    ctx.fillRect(left - size / 4, top, Math.max(1, size / 2), size * 2)
  }
  ctx.restore()
}

/** Very many lines, as ink that grows darker with each that runs there. */
export function drawDensity(chart: uPlot, lines: readonly Line[], axes: Axes): void {
  const { ctx, bbox } = chart
  const [columns, rows] = [Math.ceil(bbox.width), Math.ceil(bbox.height)]
  const { x, y } = chart.scales
  if (columns < 2 || rows < 2 || x?.min === undefined || x.max === undefined || y?.min === undefined || y.max === undefined)
    return
  const range = { left: x.min, right: x.max, bottom: y.min, top: y.max }
  const ink = inkOf(densityOf(lines, axes, range, { columns, rows }))
  const picture = new ImageData(columns, rows)
  const [red, green, blue] = channelsOf(resolveColour('var(--muted)'))
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = ((rows - 1 - row) * columns + column) * 4
      picture.data.set([red, green, blue, ink[row * columns + column]!], to)
    }
  }
  const canvas = new OffscreenCanvas(columns, rows)
  canvas.getContext('2d')!.putImageData(picture, 0, 0)
  ctx.save()
  ctx.imageSmoothingEnabled = false
  ctx.drawImage(canvas, bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.restore()
}

const channelsOf = (colour: string): [number, number, number] => {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}
