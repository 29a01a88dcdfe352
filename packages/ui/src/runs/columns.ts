import { parseRunSort, printRunField, type RunField } from '@trainyard/contract'
import type { TableKeys } from '../api/types.ts'
import { goalMetric, isSystemMetric } from '../format/goal.ts'
import { decimalsFor } from '../format/number.ts'

/** Attributes that are columns of their own beside the fixed ones (state, name, took, started). */
export const attributeColumns = ['experiment', 'project', 'owner', 'host', 'kind', 'iteration'] as const

export const columnWidth = (field: RunField): number =>
  field.scope === 'attribute' ? 120 : field.scope === 'labels' ? 112 : Math.min(150, Math.max(84, field.name.length * 6.5 + 28))

/**
 * The decimals of a column that tell the leading values of each block of rows apart: those first shown, what was opened below one.
 * Undefined when there is no value. What the runs not shown yet range over keeps a column from being taken for one of whole numbers.
 */
export function decimalsOf(
  blocks: readonly (readonly number[])[],
  known?: { min: number | null; max: number | null },
): number | undefined {
  const filled = blocks.filter((values) => values.length > 0)
  if (filled.length === 0) return undefined
  return Math.max(...[...filled, [known?.min ?? Number.NaN, known?.max ?? Number.NaN]].map(decimalsFor))
}

/** Columns as the address holds them: fields of the filter language. What cannot be read is no column. */
export function parseColumns(text: string): RunField[] {
  try {
    return text === '' ? [] : parseRunSort(text).map(({ field }) => field)
  } catch {
    return []
  }
}
export const printColumns = (fields: readonly RunField[]): string => fields.map(printRunField).join(',')

const mostMetrics = 4
const mostParameters = 5

/**
 * For a first visit: the goal, always (what sweeps look for, else the metric most runs have); then, as far as they fit, metrics of at least
 * half of the runs and parameters that differ.
 */
export function chooseColumns({ facts, sampled, goals }: Omit<TableKeys, 'keys'>, width: number): RunField[] {
  const metrics = facts.filter(
    ({ scope, name, runCount }) => scope === 'metrics' && runCount * 2 >= sampled && !isSystemMetric(name),
  )
  const goal = goalMetric({ facts, goals })
  const others = metrics.filter(({ name }) => name !== goal).toSorted((left, right) => right.runCount - left.runCount)
  const parameters = facts
    .filter(({ scope, distinctCount, runCount }) => scope === 'params' && distinctCount > 1 && runCount * 4 >= sampled)
    .toSorted((left, right) => right.runCount - left.runCount)
  const wanted: RunField[] = [
    ...(goal === undefined ? [] : [{ scope: 'metrics' as const, name: goal }]),
    ...others.slice(0, mostMetrics - 1).map(({ name }) => ({ scope: 'metrics' as const, name })),
    ...parameters.slice(0, mostParameters).map(({ name }) => ({ scope: 'params' as const, name })),
  ]
  let left = width
  // Without the goal the table says little: on a narrow window it stands before what one scrolls to.
  return wanted.filter((field, at) => (left -= columnWidth(field)) >= 0 || (at === 0 && field.name === goal))
}

/** Columns with those that are pinned first, and how many these are. */
export function pinnedFirst(
  columns: readonly RunField[],
  pinned: ReadonlySet<string>,
): { columns: RunField[]; pinnedCount: number } {
  const first = columns.filter((field) => pinned.has(printRunField(field)))
  return { columns: [...first, ...columns.filter((field) => !first.includes(field))], pinnedCount: first.length }
}

/** Columns with one of them before another, or behind all. */
export function movedBefore(columns: readonly RunField[], moved: string, before: string | undefined): RunField[] {
  const field = columns.find((each) => printRunField(each) === moved)
  if (!field || moved === before) return [...columns]
  const rest = columns.filter((each) => each !== field)
  const at = rest.findIndex((each) => printRunField(each) === before)
  return at < 0 ? [...rest, field] : rest.toSpliced(at, 0, field)
}
