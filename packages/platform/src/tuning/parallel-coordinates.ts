import type { JsonValue, RunState } from '@trainyard/contract'
import { iterationTable, type TableIteration } from './iteration-table.ts'
import { numericResult, type Selector } from './selector.ts'

/** One vertical axis. On a categorical one a position is the index of the category. */
export type Axis =
  | { name: string; source: 'parameter' | 'result'; kind: 'numeric'; low: number; high: number; logarithmic: boolean }
  | { name: string; source: 'parameter' | 'result'; kind: 'categorical'; categories: string[] }

export interface ParallelCoordinates {
  axes: Axis[]
  /** One per iteration that has started; `positions` follow `axes`, `null` where there is no value. `value` colours the line. */
  lines: { id: string; iteration: number; state: RunState; best: boolean; value: number | null; positions: (number | null)[] }[]
}

/** Values spread over more than this factor are easier to tell apart on a logarithmic axis. */
const logarithmicFrom = 100

/** The varied parameters as axes, the selector's result as the last one. NaN and infinities have no position. */
export const parallelCoordinates = (
  children: readonly TableIteration[],
  options: { selector?: Selector; keys?: readonly string[] } = {},
): ParallelCoordinates => {
  const { selector } = options
  const started = children.filter((child) => child.state !== 'created' && child.state !== 'pending' && child.state !== 'skipped')
  const table = iterationTable(started, options)
  const shown = table.columns.flatMap(({ name, source }, column) =>
    source === 'parameter' || name === selector?.name
      ? [{ name, source, values: table.rows.map((row) => row.values[column] ?? null) }]
      : [],
  )
  const axes = shown.map(toAxis)
  const byId = new Map(started.map((child) => [child.id, child]))
  return {
    axes,
    lines: table.rows.map(({ id, iteration, state, best }, index) => ({
      id,
      iteration,
      state,
      best,
      value: selector === undefined ? null : finite(numericResult(byId.get(id)!.results, selector.name)),
      positions: axes.map((axis, column) => position(axis, shown[column]!.values[index]!)),
    })),
  }
}

const finite = (value: JsonValue | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

const categoryOf = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

const isNumeric = (value: JsonValue): boolean =>
  typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity'

const toAxis = ({ name, source, values }: { name: string; source: 'parameter' | 'result'; values: JsonValue[] }): Axis => {
  const present = values.filter((value) => value !== null)
  const numbers = present.map(finite).filter((value) => value !== null)
  if (numbers.length === 0 || !present.every(isNumeric)) {
    return { name, source, kind: 'categorical', categories: [...new Set(present.map(categoryOf))] }
  }
  const low = numbers.reduce((left, right) => Math.min(left, right))
  const high = numbers.reduce((left, right) => Math.max(left, right))
  return { name, source, kind: 'numeric', low, high, logarithmic: low > 0 && high / low >= logarithmicFrom }
}

const position = (axis: Axis, value: JsonValue): number | null => {
  if (value === null) return null
  return axis.kind === 'numeric' ? finite(value) : axis.categories.indexOf(categoryOf(value))
}
