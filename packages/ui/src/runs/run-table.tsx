import type { RunField } from '@trainyard/contract'
import { printRunField } from '@trainyard/contract'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef } from 'react'
import type { RunRow } from '../api/types.ts'
import { useGo } from '../app/link.tsx'
import { useSize } from '../ui/use-size.ts'
import { columnWidth } from './columns.ts'
import { type ColumnFacts, RunTableRow } from './run-table-row.tsx'

const rowHeight = 28

export interface Sort {
  field: string
  direction: 'asc' | 'desc'
}

export interface RunTableProps {
  total: number
  rowAt(index: number): RunRow | undefined
  columns: readonly RunField[]
  facts: ReadonlyMap<string, ColumnFacts>
  /** The metric whose outline stands before the values. */
  curve: string | undefined
  outlines: ReadonlyMap<string, readonly number[]>
  sort: Sort | undefined
  onSort(sort: Sort | undefined): void
  selected: ReadonlySet<string>
  onSelect(row: RunRow, options: { until: boolean; index: number }): void
  current: number
  onCurrent(index: number): void
  onView(view: { first: number; last: number }): void
  expanded: ReadonlySet<string>
  onExpand(row: RunRow, index: number): void
  isOld: boolean
  empty: ReactNode
}

/** Plain elements of a fixed height, only those in view: 100,000 rows cost what 30 do. */
export function RunTable(props: RunTableProps) {
  const { total, rowAt, columns, curve, current, onView } = props
  const place = useRef<HTMLDivElement>(null)
  const { width } = useSize(place)
  const go = useGo()
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => place.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollPaddingStart: rowHeight,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => onView({ first, last }), [first, last, onView])
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current && current >= 0) virtual.scrollToIndex(current)
    isFirst.current = false
  }, [current, virtual])
  const template = useTemplate(columns, curve, width)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== place.current) return
    const page = Math.max(1, Math.floor((place.current.clientHeight - rowHeight) / rowHeight) - 1)
    const steps: Record<string, number> = {
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: total - 1,
    }
    if (event.key in steps) props.onCurrent(Math.max(0, Math.min(total - 1, steps[event.key]!)))
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={place}
      className={props.isOld ? 'run-table old' : 'run-table'}
      role="treegrid"
      aria-label="Runs"
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 5}
      aria-multiselectable="true"
      aria-activedescendant={current >= first && current <= last && total > 0 ? `run-row-${current}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <Headings {...props} template={template} />
      <div className="rows" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rowAt(item.index)
          return (
            <RunTableRow
              key={item.key}
              index={item.index}
              top={item.start}
              template={template}
              row={row}
              columns={columns}
              facts={props.facts}
              curve={curve}
              outline={row && props.outlines.get(row.id)}
              isSelected={row !== undefined && props.selected.has(row.id)}
              isCurrent={item.index === current}
              isExpanded={row !== undefined && props.expanded.has(row.id)}
              onSelect={props.onSelect}
              onExpand={props.onExpand}
              onOpen={go}
            />
          )
        })}
      </div>
      {total === 0 && props.empty}
    </div>
  )
}

const fixed = { check: 30, state: 116, took: 84, started: 104, curve: 100 }
/** A phone, or half of a small screen: what people look for stays in view. */
const narrow = { ...fixed, state: 104, took: 70, started: 96 }
const leastName = 230

function useTemplate(columns: readonly RunField[], curve: string | undefined, width: number): string {
  return useMemo(() => {
    const isNarrow = width < 700
    const widths = isNarrow ? narrow : fixed
    const values = columns.map(columnWidth)
    const sum = values.reduce((total, each) => total + each, 0) + widths.check + widths.state + widths.took + widths.started
    const name = Math.max(isNarrow ? 136 : leastName, width - 18 - sum - (curve === undefined ? 0 : widths.curve))
    const parts = [
      widths.check,
      widths.state,
      name,
      ...(curve === undefined ? [] : [widths.curve]),
      ...values,
      widths.took,
      widths.started,
    ]
    return parts.map((part) => `${part}px`).join(' ')
  }, [columns, curve, width])
}

function Headings({ columns, curve, sort, onSort, template }: RunTableProps & { template: string }) {
  const heading = (field: string, label: string, options: { right?: boolean; title?: string } = {}) => {
    const direction = sort?.field === field ? sort.direction : undefined
    const next = direction === undefined ? 'desc' : direction === 'desc' ? 'asc' : undefined
    return (
      <div
        key={field}
        role="columnheader"
        className={options.right ? 'cell right' : 'cell'}
        aria-sort={direction === undefined ? 'none' : direction === 'asc' ? 'ascending' : 'descending'}
      >
        <button
          type="button"
          title={options.title ?? `Sort by ${label}`}
          onClick={() => onSort(next === undefined ? undefined : { field, direction: next })}
        >
          {label}
          {direction === undefined ? '' : direction === 'asc' ? ' ↑' : ' ↓'}
        </button>
      </div>
    )
  }
  return (
    <div className="row headings" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
      <div role="columnheader" className="cell">
        <span className="visually-hidden">Chosen</span>
      </div>
      {heading('state', 'State')}
      {heading('name', 'Name')}
      {curve !== undefined && (
        <div role="columnheader" className="cell" title={`Outline of ${curve}`}>
          {curve} ~
        </div>
      )}
      {columns.map((field) =>
        heading(printRunField(field), field.name, {
          right: field.scope === 'metrics' || field.scope === 'params',
          title: `Sort by ${printRunField(field)}`,
        }),
      )}
      {heading('duration', 'Took', { right: true })}
      {heading('created', 'Started', { right: true })}
    </div>
  )
}
