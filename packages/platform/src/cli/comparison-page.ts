import type { JsonValue, RunRecord } from '@trainyard/contract'
import type { Tracking } from '../tracking/index.ts'
import type { ComparedRow, Comparison } from '../tracking/index.ts'
import { countOf, formatNumber, formatValue } from './output/format.ts'
import { renderLine } from './output/plot.ts'
import { renderTable, type Cell, type Column } from './output/table.ts'
import { visible } from './output/visible.ts'
import { type Look, runReference } from './run-columns.ts'

export interface ComparisonLook extends Look {
  width: number | undefined
  /** Also what is the same. */
  all: boolean
}

export function renderComparison(runs: readonly RunRecord[], comparison: Comparison, look: ComparisonLook): string[] {
  const { style } = look
  const columns: Column[] = [
    { header: '', shrinkTo: 8 },
    ...runs.map((run): Column => ({ header: runReference(run), shrinkTo: 8 })),
    ...(runs.length === 2 ? [{ header: 'change', align: 'right' } as const] : []),
  ]
  const rows: Cell[][] = [
    ['name', ...runs.map((run) => formatValue(run.name, 1000))],
    ['state', ...runs.map((run) => run.state)],
  ]
  if (runs.some(({ sweep }) => sweep?.bestRunId)) {
    rows.push([
      'values',
      ...runs.map(({ sweep }) => (sweep?.bestRunId ? `of its best, iteration ${sweep.bestIteration}` : 'its own')),
    ])
  }
  const same: string[] = []
  const { results } = comparison
  const tables = {
    ...comparison,
    results: results.filter(({ key }) => !key.startsWith('system/')),
    system: results.filter(({ key }) => key.startsWith('system/')),
  }
  for (const [title, key] of sections) {
    const all = tables[key]
    const shown = look.all ? all : all.filter((row) => row.differs)
    const hidden = all.length - shown.length
    if (hidden > 0) same.push(countOf(hidden, names[key][0], names[key][1]))
    if (shown.length === 0) continue
    rows.push([''], [{ text: title, style: style.bold }], ...shown.map((row) => comparedCells(row, look, runs.length === 2)))
  }
  const lines = renderTable(columns, rows, { width: look.width, style })
  if (same.length > 0) lines.push('', style.dim(`The same in all: ${same.join(', ')} (--all shows them).`))
  return lines
}

const sections = [
  ['Parameters', 'parameters'],
  ['Results', 'results'],
  ['Inputs', 'inputs'],
  ['Labels', 'labels'],
  ['Code', 'code'],
  ['Environment', 'environment'],
  ['Packages', 'packages'],
  ['System', 'system'],
] as const

const names = {
  parameters: ['parameter', 'parameters'],
  results: ['result', 'results'],
  inputs: ['input', 'inputs'],
  labels: ['label', 'labels'],
  code: ['fact about the code', 'facts about the code'],
  environment: ['fact about the environment', 'facts about the environment'],
  packages: ['package', 'packages'],
  system: ['system metric', 'system metrics'],
} as const

export function comparedCells(row: ComparedRow, { style }: Pick<ComparisonLook, 'style'>, withChange: boolean): Cell[] {
  const [first = null] = row.values
  const cells = row.values.map((value, index): Cell => {
    const text = value === null ? '-' : formatValue(value, 40)
    if (!row.differs) return { text, style: style.dim }
    return index === 0
      ? text
      : { text, style: value === null ? style.red : JSON.stringify(value) === JSON.stringify(first) ? style.dim : style.yellow }
  })
  return [`  ${visible(row.key)}`, ...cells, ...(withChange ? [changeText(row.values)] : [])]
}

/** `+0.012 (+1.3%)` for two numbers. */
export function changeText([from, to]: readonly (JsonValue | null | undefined)[]): string {
  if (typeof from !== 'number' || typeof to !== 'number' || from === to) return ''
  const difference = to - from
  if (!Number.isFinite(difference)) return ''
  const sign = difference > 0 ? '+' : ''
  const share = from === 0 ? '' : ` (${sign}${formatNumber((100 * difference) / Math.abs(from), 3)}%)`
  return `${sign}${formatNumber(difference, 3)}${share}`
}

const plotHeight = 7

/** One small curve per run, one below the other, with the same title form so that they can be read across. */
export async function renderMetric(
  tracking: Pick<Tracking, 'metrics'>,
  runs: readonly RunRecord[],
  key: string,
  look: ComparisonLook,
): Promise<string[]> {
  const width = Math.min(look.width ?? 80, 100)
  const blocks = await Promise.all(
    runs.map(async (run) => {
      const points = await tracking.metrics.sampled(run.id, key, { maxPoints: width * 2 })
      const title = `${visible(key)} of ${visible(run.name)} (${runReference(run)})`
      if (points.length === 0) return [look.style.bold(title), look.style.dim('not logged')]
      const curve = points.map(({ step, value }) => ({ x: step, y: value }))
      return renderLine(curve, { width, height: plotHeight, unicode: look.unicode, style: look.style, title, xLabel: 'step' })
    }),
  )
  return blocks.flatMap((block, index) => (index === 0 ? block : [''].concat(block)))
}
