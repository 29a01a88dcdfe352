import type { RunRecord } from '@trainyard/contract'
import { keysOf } from '../tracking/index.ts'
import { formatDuration, formatValue } from './output/format.ts'
import { stateStyle, stateText } from './output/state.ts'
import { renderTable, type Cell, type Column } from './output/table.ts'
import { visible } from './output/visible.ts'
import { durationMs, type Look } from './run-columns.ts'

/** More than this many iterations are shown in part: the first ones, and always the best. */
const shownIterations = 40

/** The iterations of a sweep as a table, the best one marked. Parameters that never vary are left out: they are on the sweep. */
export function renderIterations(
  sweep: Pick<RunRecord, 'sweep' | 'parameters'>,
  iterations: readonly RunRecord[],
  look: Look & { width: number | undefined; all: boolean },
): string[] {
  if (iterations.length === 0) return []
  const bestNumber = sweep.sweep?.bestIteration ?? null
  const shown = look.all ? iterations : iterations.filter((run, index) => index < shownIterations || run.iteration === bestNumber)
  const parameters = varyingKeys(iterations)
  const results = keysOf(iterations.map((run) => run.results)).filter((key) => !key.startsWith('system/'))
  const columns: Column[] = [
    { header: '#', align: 'right' },
    { header: 'state' },
    ...parameters.map((key): Column => ({ header: visible(key), align: 'right', shrinkTo: 6, optional: true })),
    ...results.map((key): Column => ({ header: visible(key), align: 'right', shrinkTo: 6, optional: true })),
    { header: 'took', align: 'right' },
  ]
  const rows = shown.map((run) => {
    const best = run.iteration === bestNumber
    const dress = (text: string, style?: (text: string) => string): Cell =>
      best ? { text, style: look.style.boldGreen } : style ? { text, style } : text
    const took = durationMs(run, look.nowMs)
    return [
      dress(`${best ? (look.unicode ? '★ ' : '* ') : ''}${run.iteration}`),
      dress(stateText(run.state, look.unicode), stateStyle(run.state, look.style)),
      ...parameters.map((key) => dress(formatValue(run.parameters[key], 40))),
      ...results.map((key) => dress(formatValue(run.results[key], 40))),
      dress(took === undefined ? '' : formatDuration(took)),
    ]
  })
  const width = look.width === undefined ? undefined : look.width - 2
  const lines = renderTable(columns, rows, { width, style: look.style })
  const left = iterations.length - shown.length
  return left === 0 ? lines : [...lines, look.style.dim(`and ${left} more: --all shows them`)]
}

/** Parameters that are not the same in every iteration. */
export function varyingKeys(runs: readonly RunRecord[]): string[] {
  return keysOf(runs.map((run) => run.parameters)).filter(
    (key) => new Set(runs.map((run) => JSON.stringify(run.parameters[key]))).size > 1,
  )
}
