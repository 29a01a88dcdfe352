import { useQuery } from '@tanstack/react-query'
import { printRunField, type RunField } from '@trainyard/contract'
import { type ReactNode, useCallback, useMemo, useState } from 'react'
import { readNumber } from '../api/client.ts'
import { keysQuery, type TableScope, windowQuery } from '../api/queries.ts'
import type { TableKeys } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { distinctSlots, runColour, slotColour } from '../format/colour.ts'
import { goalMetric, goalOf, isSystemMetric } from '../format/goal.ts'
import { formatCount, formatValue } from '../format/number.ts'
import { parseColumns, printColumns } from '../runs/columns.ts'
import { ChartBar } from './chart-bar.tsx'
import { countedAtMost, type DrawnMetric } from './chart-data.ts'
import { useChartView } from './chart-view.ts'
import { distinctNames, drawnAmong, type DrawnRun, groupColours, mostColoured, quietOthers } from './drawn-lines.ts'
import { lightRun } from './lit-run.ts'
import { MetricCharts } from './metric-charts.tsx'

const mostRuns = 1_000
const mostCharts = 60

/** The curves of all runs that a table shows, the first thousand of them: by themselves, as density, or by groups with bands. */
export function RunCharts({
  scope,
  group,
  mark = 0,
  children,
}: {
  scope: TableScope
  group: string | undefined
  mark?: number
  children?: ReactNode
}) {
  const [view, change] = useChartView()
  const { data: keys } = useQuery(keysQuery(scope))
  const [field] = parseColumns(group ?? '')
  const column = field && field.scope !== 'attribute' ? printRunField(field) : ''
  const metrics = useMemo(() => (keys ? drawnMetrics(keys) : []), [keys])
  const goal = useMemo(() => goalMetric(keys, (name) => metrics.some((metric) => metric.name === name)), [keys, metrics])
  const columns = [column, goal === undefined ? '' : printColumns([{ scope: 'metrics', name: goal }])].filter(Boolean).join(',')
  const { data } = useQuery({ ...windowQuery(scope, columns, mostRuns), enabled: keys !== undefined })
  const [drawn, setDrawn] = useState<ReadonlySet<string>>(new Set())
  const noteDrawn = useCallback(
    (ids: readonly string[]) => setDrawn((known) => (ids.every((id) => known.has(id)) ? known : new Set([...known, ...ids]))),
    [],
  )
  const runs = useMemo(() => {
    const slots = distinctSlots(data && data.rows.length <= mostColoured ? data.rows.map(({ id }) => id) : [])
    const names = distinctNames(
      (data?.rows ?? []).map((row) => ({ id: row.id, name: row.kind === 'iteration' ? `#${row.iteration}` : row.name })),
    )
    const goals = new Map(data?.rows.map(({ id, values }) => [id, readNumber(values[column === '' ? 0 : 1])]))
    const found = data?.rows.map((row): DrawnRun => {
      const value = field?.scope === 'attribute' ? attributeOf(row, field) : row.values[0]
      const slot = slots.get(row.id)
      return {
        id: row.id,
        name: names.get(row.id)!,
        colour: slot === undefined ? runColour(row.id) : slotColour(slot),
        ...(field ? { group: value === null ? 'none' : formatValue(value) } : {}),
      }
    })
    return found && quietOthers(found, (id) => goals.get(id), goal === undefined ? 'max' : goalOf(goal))
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- The field is what the group is written as.
  }, [data, group, goal])
  const uncounted = (runs?.length ?? 0) - (keys?.sampled ?? 0)
  const counted = useMemo(() => countedAtMost(metrics, uncounted), [metrics, uncounted])
  if (!runs || !keys) return null
  if (metrics.length === 0) return <p className="muted">None of these runs logged a metric.</p>
  return (
    <div className="stack">
      <ChartBar view={view} change={change} isGrouped={group !== undefined}>
        {children}
      </ChartBar>
      {data && data.total > runs.length && (
        <p className="muted">
          The first {formatCount(runs.length)} of {formatCount(data.total)} runs. A filter makes them fewer.
        </p>
      )}
      <Legend runs={runs} drawn={drawn} goal={goal} isGrouped={field !== undefined} />
      <MetricCharts runs={runs} metrics={counted} view={view} change={change} mark={mark} height={220} onDrawn={noteDrawn} />
    </div>
  )
}

/** Metrics with curves, or where there are none those of a single value; the goal and those of most runs first. */
function drawnMetrics({ facts, goals }: Pick<TableKeys, 'facts' | 'goals'>): DrawnMetric[] {
  const drawn = drawnAmong(facts.filter(({ scope, name }) => scope === 'metrics' && !isSystemMetric(name)))
  const goal = goalMetric({ facts, goals }, (name) => drawn.some((metric) => metric.name === name))
  return drawn
    .toSorted((one, other) => Number(other.name === goal) - Number(one.name === goal) || other.runCount - one.runCount)
    .slice(0, mostCharts)
}

const mostNamed = 24

/** Whose colour is whose; of too many runs the best. A run without a curve has no place here. */
function Legend({
  runs: all,
  drawn,
  goal,
  isGrouped,
}: {
  runs: readonly DrawnRun[]
  drawn: ReadonlySet<string>
  goal: string | undefined
  isGrouped: boolean
}) {
  const runs = all.filter(({ id }) => drawn.has(id))
  const coloured = runs.filter(({ isQuiet }) => !isQuiet)
  const counts = Map.groupBy(runs, ({ group }) => group ?? '')
  const groups = [...groupColours(all)].filter(([name]) => counts.has(name))
  const moreCount = (isGrouped ? groups.length : coloured.length) - mostNamed
  const best = goal === undefined ? 'First' : `Best by ${goal} ${goalOf(goal) === 'max' ? '▲' : '▼'}`
  return (
    <ul className="chart-legend" aria-label="Colours">
      {!isGrouped && coloured.length < runs.length && <li className="muted">{best}</li>}
      {isGrouped
        ? groups.slice(0, mostNamed).map(([name, colour]) => (
            <li key={name}>
              <span className="dot" style={{ background: colour }} />
              <span className="elide">{name}</span> <span className="muted">{counts.get(name)?.length}</span>
            </li>
          ))
        : coloured.slice(0, mostNamed).map(({ id, name, colour }) => (
            <li key={id} onPointerEnter={() => lightRun(id)} onPointerLeave={() => lightRun(null)}>
              <span className="dot" style={{ background: colour }} />
              <A href={`/runs/${id}`} className="elide" onFocus={() => lightRun(id)} onBlur={() => lightRun(null)}>
                {name}
              </A>
            </li>
          ))}
      {moreCount > 0 && <li className="muted">and {moreCount} more</li>}
      {!isGrouped && coloured.length < runs.length && (
        <li className="muted">
          <span className="dot" style={{ background: 'var(--quiet-line)' }} />
          {formatCount(runs.length - coloured.length)} others
        </li>
      )}
    </ul>
  )
}

const attributeOf = (row: object, { name }: RunField): unknown =>
  (row as Record<string, unknown>)[name === 'parent' ? 'parentId' : name] ?? null
