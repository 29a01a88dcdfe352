import { useQuery } from '@tanstack/react-query'
import { printRunField, type RunField } from '@trainyard/contract'
import { type ReactNode, useMemo } from 'react'
import { keysQuery, type TableScope, windowQuery } from '../api/queries.ts'
import { A } from '../app/link.tsx'
import { distinctSlots, runColour, slotColour } from '../format/colour.ts'
import { goalMetric, isSystemMetric } from '../format/goal.ts'
import { formatCount, formatValue } from '../format/number.ts'
import { parseColumns } from '../runs/columns.ts'
import { ChartBar } from './chart-bar.tsx'
import { useChartView } from './chart-view.ts'
import { distinctNames, type DrawnRun, groupColours, mostLines } from './drawn-lines.ts'
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
  const { data } = useQuery(windowQuery(scope, column, mostRuns))
  const runs = useMemo(() => {
    const slots = distinctSlots(data && data.rows.length <= mostLines ? data.rows.map(({ id }) => id) : [])
    const names = distinctNames(
      (data?.rows ?? []).map((row) => ({ id: row.id, name: row.kind === 'iteration' ? `#${row.iteration}` : row.name })),
    )
    return data?.rows.map((row): DrawnRun => {
      const value = field?.scope === 'attribute' ? attributeOf(row, field) : row.values[0]
      const slot = slots.get(row.id)
      return {
        id: row.id,
        name: names.get(row.id)!,
        colour: slot === undefined ? runColour(row.id) : slotColour(slot),
        ...(field ? { group: value === null ? 'none' : formatValue(value) } : {}),
      }
    })
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- The field is what the group is written as.
  }, [data, group])
  const metrics = useMemo(() => {
    const curves = (keys?.facts ?? []).filter(
      (fact) => fact.scope === 'metrics' && fact.pointCount > 1 && !isSystemMetric(fact.name),
    )
    const goal = goalMetric(keys, (name) => curves.some((curve) => curve.name === name))
    return curves
      .toSorted((one, other) => Number(other.name === goal) - Number(one.name === goal) || other.runCount - one.runCount)
      .slice(0, mostCharts)
      .map(({ name }) => name)
  }, [keys])
  if (!runs || !keys) return null
  if (metrics.length === 0) return <p className="muted">None of these runs logged a curve.</p>
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
      <Legend runs={runs} isGrouped={field !== undefined} />
      <MetricCharts runs={runs} metrics={metrics} view={view} change={change} mark={mark} height={220} />
    </div>
  )
}

const mostNamed = 24

function Legend({ runs, isGrouped }: { runs: readonly DrawnRun[]; isGrouped: boolean }) {
  if (!isGrouped && runs.length > mostLines) return null
  const counts = Map.groupBy(runs, ({ group }) => group ?? '')
  const groups = [...groupColours(runs)]
  return (
    <ul className="chart-legend" aria-label="Colours">
      {isGrouped
        ? groups.slice(0, mostNamed).map(([name, colour]) => (
            <li key={name}>
              <span className="dot" style={{ background: colour }} />
              <span className="elide">{name}</span> <span className="muted">{counts.get(name)?.length}</span>
            </li>
          ))
        : runs.slice(0, mostNamed).map(({ id, name, colour }) => (
            <li key={id}>
              <span className="dot" style={{ background: colour }} />
              <A href={`/runs/${id}`} className="elide">
                {name}
              </A>
            </li>
          ))}
      {(isGrouped ? groups.length : runs.length) > mostNamed && (
        <li className="muted">and {(isGrouped ? groups.length : runs.length) - mostNamed} more</li>
      )}
    </ul>
  )
}

const attributeOf = (row: object, { name }: RunField): unknown =>
  (row as Record<string, unknown>)[name === 'parent' ? 'parentId' : name] ?? null
