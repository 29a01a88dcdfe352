import { quoteForSentence, toMetricNumber } from '../journal/json-value.ts'

/** A chart's or table's cells: a header and rows below it. */
export interface Grid {
  header: readonly string[]
  rows: readonly (readonly unknown[])[]
}

const colours = ['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed', '#0891b2', '#db2777', '#4d7c0f']
const [width, height] = [760, 380]
const [left, right, top, bottom] = [64, 16, 16, 44]
/** A screen has no more columns. Both extremes of every bucket are kept, so spikes stay. */
const drawnPointLimit = 1500
const shownRowLimit = 1000

const style = `
body{font:14px/1.45 system-ui,sans-serif;margin:16px;color:#1f2937;background:#fff}
h1{font-size:16px;margin:0 0 8px}svg{max-width:100%;height:auto}
.key{margin:4px 0 12px}.key span{margin-right:16px}.key i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:3px 10px;border-bottom:1px solid #e5e7eb;text-align:right}
th{background:#f3f4f6}p{color:#6b7280}
`

type Point = readonly [x: number, y: number]
interface Line {
  name: string
  colour: string
  points: readonly Point[]
}

/** One self-contained page, readable in any sandbox: the first column is the horizontal axis, the others are lines. */
export function chartPage(title: string, grid: Grid): string {
  const lines = linesOf(grid)
  const keys = lines.map(({ name, colour }) => `<span><i style="background:${colour}"></i>${escape(name)}</span>`).join('')
  const drawing = lines.length === 0 ? '' : `${drawLines(lines, grid.header[0] ?? '')}<div class="key">${keys}</div>`
  return page(title, `${drawing}${tableHtml(grid)}`)
}

export const tablePage = (title: string, grid: Grid): string => page(title, tableHtml(grid))

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const page = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style></head>\n` +
  `<body><h1>${escape(title)}</h1>\n${body}\n</body></html>\n`

const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
  return typeof value === 'string' ? value : quoteForSentence(value)
}

function tableHtml({ header, rows }: Grid): string {
  const head = header.map((name) => `<th>${escape(name)}</th>`).join('')
  const body = rows
    .slice(0, shownRowLimit)
    .map((row) => `<tr>${row.map((value) => `<td>${escape(cellText(value))}</td>`).join('')}</tr>`)
  const more = rows.length > shownRowLimit ? `<p>${rows.length - shownRowLimit} more rows</p>` : ''
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>${more}`
}

function finite(value: unknown): number | undefined {
  const number = typeof value === 'object' ? undefined : toMetricNumber(value)
  return number !== undefined && Number.isFinite(number) ? number : undefined
}

/** Without numbers in the first column, x is the row number. */
function linesOf({ header, rows }: Grid): Line[] {
  const xs = rows.map((row) => finite(row[0]))
  const hasNumbers = xs.every((x) => x !== undefined)
  const lines: Line[] = []
  for (let column = header.length > 1 ? 1 : 0; column < header.length; column++) {
    const points = rows.flatMap((row, index): Point[] => {
      const y = finite(row[column])
      return y === undefined ? [] : [[hasNumbers ? xs[index]! : index + 1, y]]
    })
    if (points.length > 0) {
      lines.push({ name: header[column]!, colour: colours[lines.length % colours.length]!, points: thinned(points) })
    }
  }
  return lines
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= drawnPointLimit) return points
  const size = Math.ceil((points.length * 2) / drawnPointLimit)
  const kept: Point[] = []
  for (let start = 0; start < points.length; start += size) {
    const bucket = points.slice(start, start + size)
    const low = bucket.reduce((best, point) => (point[1] < best[1] ? point : best))
    const high = bucket.reduce((best, point) => (point[1] > best[1] ? point : best))
    kept.push(...bucket.filter((point) => point === low || point === high))
  }
  return kept
}

/** Never empty, and of a finite width. */
function range(values: readonly number[]): readonly [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b))
  const high = values.reduce((a, b) => Math.max(a, b))
  if (low === high) {
    const margin = Math.abs(low) / 2 || 0.5
    return [low - margin, high + margin]
  }
  return Number.isFinite(high - low) ? [low, high] : [low / 2, high / 2]
}

function drawLines(lines: readonly Line[], axisName: string): string {
  const points = lines.flatMap((line) => line.points)
  const [xLow, xHigh] = range(points.map(([x]) => x))
  const [yLow, yHigh] = range(points.map(([, y]) => y))
  const across = (x: number): string => (left + ((width - left - right) * (x - xLow)) / (xHigh - xLow)).toFixed(1)
  const down = (y: number): string => (height - bottom - ((height - top - bottom) * (y - yLow)) / (yHigh - yLow)).toFixed(1)
  const parts: string[] = []
  for (let tick = 0; tick <= 5; tick++) {
    const y = yLow + ((yHigh - yLow) * tick) / 5
    const x = xLow + ((xHigh - xLow) * tick) / 5
    parts.push(
      `<path d="M${left} ${down(y)}H${width - right}" stroke="#e5e7eb"/>`,
      `<text x="${left - 8}" y="${down(y)}" text-anchor="end">${Number(y.toPrecision(4))}</text>`,
      `<text x="${across(x)}" y="${height - bottom + 18}" text-anchor="middle">${Number(x.toPrecision(4))}</text>`,
    )
  }
  parts.push(`<text x="${(left + width) / 2}" y="${height - 6}" text-anchor="middle">${escape(axisName)}</text>`)
  for (const { colour, points: drawn } of lines) {
    const path = drawn.map(([x, y]) => `${across(x)},${down(y)}`).join(' ')
    if (drawn.length === 1) parts.push(`<circle cx="${across(drawn[0]![0])}" cy="${down(drawn[0]![1])}" r="3" fill="${colour}"/>`)
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>`)
  }
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-size="11" fill="#6b7280">`
  return `${open}\n${parts.join('\n')}\n</svg>`
}
