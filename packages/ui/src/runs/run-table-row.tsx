import { endedIterations, printRunField, type RunField } from '@trainyard/contract'
import { memo } from 'react'
import { readNumber } from '../api/client.ts'
import type { RunRow } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { runColour } from '../format/colour.ts'
import { formatCount, formatNumber, formatValue } from '../format/number.ts'
import { Age, Took } from '../ui/moment.tsx'
import { StateMark } from '../ui/state.tsx'
import { Sparkline } from './sparkline.tsx'

/** How a column's numbers are written, and the range that its bar spans. */
export interface ColumnFacts {
  decimals: number | undefined
  low: number
  high: number
  isGoal: boolean
}

interface RunTableRowProps {
  index: number
  top: number
  template: string
  /** How far from the left the cells stand that stay there. */
  lefts: readonly number[]
  pinnedCount: number
  row: RunRow | undefined
  columns: readonly RunField[]
  facts: ReadonlyMap<string, ColumnFacts>
  curve: string | undefined
  outline: readonly number[] | undefined
  isSelected: boolean
  isCurrent: boolean
  isExpanded: boolean
  onSelect(row: RunRow, options: { until: boolean; index: number }): void
  onExpand(row: RunRow, index: number): void
  /** Before the page of the run opens. */
  onLeave(row: RunRow): void
}

/** Whether it can be opened in the table: what lies below a run that lies below another is on the page of that one. */
export const isParent = ({ kind, nestedCount, parentId }: RunRow): boolean =>
  parentId === null && (kind === 'sweep' || nestedCount > 0)

export const RunTableRow = memo(function RunTableRow(props: RunTableRowProps) {
  const { index, top, template, lefts, row, columns, curve } = props
  const style = { transform: `translateY(${top}px)`, gridTemplateColumns: template }
  const shared = {
    id: `run-row-${index}`,
    role: 'row',
    'aria-rowindex': index + 2,
    className: props.isCurrent ? 'row current' : 'row',
    style,
  }
  if (!row)
    return (
      <div {...shared} aria-busy="true">
        <div role="gridcell" className="cell" />
        <div role="gridcell" className="cell">
          <span className="skeleton" style={{ width: 70 }} />
        </div>
        <div role="gridcell" className="cell">
          <span className="skeleton" style={{ width: 150 }} />
        </div>
      </div>
    )
  const isChild = row.parentId !== null
  const opens = isParent(row)
  const isOdd = props.outline?.some((value) => !Number.isFinite(value)) ?? false
  const staying = (at: number) => (at < lefts.length ? { left: lefts[at] } : undefined)
  const stays = lefts.length > 0 ? ' staying' : ''
  const values = columns.map((field, at) => (
    <ValueCell
      key={printRunField(field)}
      field={field}
      row={row}
      value={row.values[at]}
      facts={props.facts.get(printRunField(field))}
      left={at < props.pinnedCount ? lefts[3 + at] : undefined}
    />
  ))
  return (
    <div
      {...shared}
      aria-selected={props.isSelected}
      aria-level={isChild ? 2 : 1}
      {...(opens ? { 'aria-expanded': props.isExpanded } : {})}
    >
      <div role="gridcell" className={`cell${stays}`} style={staying(0)}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Choose ${row.name}`}
          checked={props.isSelected}
          onChange={() => undefined}
          onClick={(event) => props.onSelect(row, { until: event.shiftKey, index })}
        />
      </div>
      <div role="gridcell" className={`cell${stays}`} style={staying(1)}>
        <StateMark state={row.state} reason={row.stateReason} />
      </div>
      <div role="gridcell" className={`cell name${isChild ? ' child' : ''}${stays}`} style={staying(2)}>
        {opens ? (
          <button
            type="button"
            className="twist"
            tabIndex={-1}
            aria-label={`${props.isExpanded ? 'Fold' : 'Open'} the ${row.kind === 'sweep' ? 'iterations' : 'nested runs'}`}
            onClick={() => props.onExpand(row, index)}
          >
            {props.isExpanded ? '▾' : '▸'}
          </button>
        ) : (
          <span className="dot" style={{ background: runColour(row.id) }} />
        )}
        <A href={`/runs/${row.id}`} tabIndex={-1} className="elide" title={row.name} onClick={() => props.onLeave(row)}>
          {row.kind === 'iteration' ? `#${row.iteration} ${row.name}` : row.name}
        </A>
        {row.sweep && <SweepFacts sweep={row.sweep} />}
        {row.nestedCount > 0 && <span className="muted elide">{formatCount(row.nestedCount)} nested</span>}
      </div>
      {values.slice(0, props.pinnedCount)}
      {curve !== undefined && (
        <div role="gridcell" className="cell" title={isOdd ? `${curve} was NaN or infinite on the way` : undefined}>
          {isOdd && <span className="visually-hidden">{curve} was NaN or infinite on the way</span>}
          {props.outline && <Sparkline values={props.outline} colour={runColour(row.id)} />}
        </div>
      )}
      {values.slice(props.pinnedCount)}
      <div role="gridcell" className="cell right">
        <Took startedAtMs={row.startedAtMs} endedAtMs={row.endedAtMs} />
      </div>
      <div role="gridcell" className="cell right">
        <Age atMs={row.startedAtMs ?? row.createdAtMs} />
      </div>
    </div>
  )
})

function SweepFacts({ sweep }: { sweep: NonNullable<RunRow['sweep']> }) {
  const done = endedIterations(sweep)
  const planned = sweep.planned === null || sweep.planned === done ? '' : ` of ${sweep.planned}`
  return (
    <span className="muted elide">
      {done}
      {planned} iterations{sweep.failed > 0 && <span className="failed-text">, {sweep.failed} failed</span>}
    </span>
  )
}

function ValueCell({
  field,
  row,
  value,
  facts,
  left,
}: {
  field: RunField
  row: RunRow
  value: RunRow['values'][number] | undefined
  facts: ColumnFacts | undefined
  /** Where it stays, when it is pinned. */
  left: number | undefined
}) {
  const pin = left === undefined ? '' : ' staying'
  const place = left === undefined ? undefined : { left }
  if (field.scope === 'attribute') {
    const text = formatValue(row[field.name as 'owner'])
    return (
      <div role="gridcell" className={`cell${pin}`} style={place} title={text}>
        {text}
      </div>
    )
  }
  const number = field.scope === 'labels' ? undefined : readNumber(value)
  if (value === null || value === undefined)
    return (
      <div role="gridcell" className={`cell muted${field.scope === 'labels' ? '' : ' right'}${pin}`} style={place}>
        –
      </div>
    )
  if (number === undefined)
    return (
      <div
        role="gridcell"
        className={`cell${field.scope === 'labels' ? '' : ' right'}${pin}`}
        style={place}
        title={formatValue(value)}
      >
        {formatValue(value)}
      </div>
    )
  const isOdd = !Number.isFinite(number)
  const share = facts?.isGoal && !isOdd && facts.high > facts.low ? (number - facts.low) / (facts.high - facts.low) : 0
  return (
    <div
      role="gridcell"
      className={`cell right${facts?.isGoal ? ' bar' : ''}${isOdd ? ' failed-text' : ''}${pin}`}
      title={String(number)}
      style={share > 0 ? { ...place, ['--share' as string]: `${Math.round(Math.min(1, share) * 100)}%` } : place}
    >
      {formatNumber(number, field.scope === 'metrics' ? facts?.decimals : undefined)}
    </div>
  )
}
