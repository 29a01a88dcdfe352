import { endedIterations, type JsonValue, parseRunSort, type RunField, type RunRecord, valueOfField } from '@trainyard/contract'
import { formatAge, formatDuration, formatTime, formatValue, shortId } from './output/format.ts'
import { stateStyle, stateText } from './output/state.ts'
import type { Style } from './output/style.ts'
import type { Cell, Column } from './output/table.ts'

/** How runs are shown: what the columns need to know besides the run. */
export interface Look {
  nowMs: number
  style: Style
  unicode: boolean
}

export interface RunColumn extends Column {
  cell(run: RunRecord, look: Look): Cell
}

/** What a user can type to get this run again: twelve digits of its id, or parent and number for an iteration. */
export const runReference = (run: Pick<RunRecord, 'id' | 'parentId' | 'iteration' | 'kind'>): string =>
  run.kind === 'iteration' && run.parentId !== null ? `${shortId(run.parentId)}/${run.iteration}` : shortId(run.id)

/** From the start to the end, or to now while it runs. */
export function durationMs(run: RunRecord, nowMs: number): number | undefined {
  if (run.startedAtMs === null) return undefined
  return Math.max(0, (run.endedAtMs ?? nowMs) - run.startedAtMs)
}

const fixedColumns = {
  id: { header: 'run', cell: (run, { style }) => ({ text: runReference(run), style: style.cyan }) },
  name: { header: 'name', shrinkTo: 10, cell: (run) => formatValue(run.name, 1000) },
  project: { header: 'project', shrinkTo: 6, optional: true, cell: (run) => formatValue(run.project, 1000) },
  state: {
    header: 'state',
    cell: (run, look) => ({ text: stateText(run.state, look.unicode), style: stateStyle(run.state, look.style) }),
  },
  age: { header: 'age', align: 'right', cell: (run, { nowMs }) => formatAge(run.createdAtMs, nowMs) },
  duration: {
    header: 'took',
    align: 'right',
    cell: (run, { nowMs }) => {
      const duration = durationMs(run, nowMs)
      return duration === undefined ? '' : formatDuration(duration)
    },
  },
  iterations: {
    header: 'iterations',
    align: 'right',
    optional: true,
    cell: ({ sweep }) => (sweep ? `${endedIterations(sweep)}${sweep.planned === null ? '' : `/${sweep.planned}`}` : ''),
  },
  nested: {
    header: 'nested',
    align: 'right',
    optional: true,
    cell: ({ nestedCount }) => (nestedCount > 0 ? String(nestedCount) : ''),
  },
} as const satisfies Record<string, RunColumn>

/** The columns of `ls` when the user names none: who, what, when, and the parameters and results that tell these runs apart. */
export function defaultColumns(runs: readonly RunRecord[], options: { project: string | undefined }): RunColumn[] {
  const columns: RunColumn[] = [fixedColumns.id, fixedColumns.name]
  if (options.project === undefined && new Set(runs.map((run) => run.project)).size > 1) columns.push(fixedColumns.project)
  columns.push(fixedColumns.state, fixedColumns.age, fixedColumns.duration)
  if (runs.some((run) => run.sweep !== null)) columns.push(fixedColumns.iterations)
  if (runs.some((run) => run.nestedCount > 0)) columns.push(fixedColumns.nested)
  const results = tellingKeys(runs, (run) => run.results, 3, new Set(runs.map((run) => soughtResult(run) ?? '')))
  const parameters = tellingKeys(runs, (run) => run.parameters, 4)
  // Results come first because the last columns are left out first on a narrow terminal.
  for (const name of results) columns.push({ ...fieldColumn({ scope: 'results', name }), optional: true })
  for (const name of parameters) columns.push({ ...fieldColumn({ scope: 'params', name }), optional: true })
  return columns
}

/** What a sweep looks for. */
export const soughtResult = ({ task }: Pick<RunRecord, 'task'>): string | undefined =>
  task?.sweep?.selector?.replace(/^(max|min)\./, '')

/** The keys that are sought, then those that most runs have, those whose values differ before those that are the same everywhere. */
function tellingKeys(
  runs: readonly RunRecord[],
  valuesOf: (run: RunRecord) => Record<string, JsonValue>,
  most: number,
  sought: ReadonlySet<string> = new Set(),
): string[] {
  const found = new Map<string, { count: number; values: Set<string> }>()
  for (const run of runs) {
    for (const [key, value] of Object.entries(valuesOf(run))) {
      if (value !== null && typeof value === 'object') continue
      if (key.startsWith('system/')) continue
      const entry = found.get(key) ?? { count: 0, values: new Set() }
      entry.count++
      entry.values.add(String(value))
      found.set(key, entry)
    }
  }
  const rank = ({ count, values }: { count: number; values: Set<string> }) => (values.size > 1 ? runs.length : 0) + count
  return [...found.entries()]
    .sort((left, right) => Number(sought.has(right[0])) - Number(sought.has(left[0])) || rank(right[1]) - rank(left[1]))
    .slice(0, most)
    .map(([key]) => key)
}

/** `state, metrics.accuracy, params.eta`: fields of the filter language. Fails with `invalid_argument` and a position. */
export function namedColumns(text: string): RunColumn[] {
  return parseRunSort(text.replace(/(^|,)\s*age\s*(?=,|$)/g, '$1created')).map(({ field }) => fieldColumn(field))
}

function fieldColumn(field: RunField): RunColumn {
  if (field.scope === 'attribute') return attributeColumn(field.name)
  return {
    header: field.scope === 'labels' ? `labels.${field.name}` : field.name,
    align: field.scope === 'labels' ? 'left' : 'right',
    shrinkTo: 8,
    cell: (run) => formatValue(valueOfField(field, run), 40),
  }
}

function attributeColumn(name: Extract<RunField, { scope: 'attribute' }>['name']): RunColumn {
  if (name === 'id' || name === 'name' || name === 'project' || name === 'state' || name === 'duration') return fixedColumns[name]
  const isTime = name === 'created' || name === 'started' || name === 'ended'
  return {
    header: name,
    shrinkTo: 8,
    cell: (run) => {
      const value = valueOfField({ scope: 'attribute', name }, run)
      return isTime && typeof value === 'number' ? formatTime(value) : formatValue(value, 1000)
    },
  }
}
