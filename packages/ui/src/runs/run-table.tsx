import type { RunField } from '@trainyard/contract'
import { printRunField } from '@trainyard/contract'
import { type DragEvent, type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { RunRow } from '../api/types.ts'
import { useSize } from '../ui/use-size.ts'
import { columnWidth } from './columns.ts'
import { type ColumnFacts, RunTableRow } from './run-table-row.tsx'
import { useRowsInView } from './use-rows-in-view.ts'

const rowHeight = 28
const rowPadding = 8

export interface Sort {
  field: string
  direction: 'asc' | 'desc'
}

export interface RunTableProps {
  total: number
  rowAt(index: number): RunRow | undefined
  columns: readonly RunField[]
  /** So many of the first columns stay beside the name when one scrolls sideways. */
  pinnedCount: number
  /** Puts a column before another, or behind all. */
  onMove(moved: string, before: string | undefined): void
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
  onLeave(row: RunRow): void
  expanded: ReadonlySet<string>
  onExpand(row: RunRow, index: number): void
  isOld: boolean
  empty: ReactNode
}

/** Plain elements of a fixed height, only those in view: 100,000 rows cost what 30 do. */
export function RunTable(props: RunTableProps) {
  const { total, rowAt, columns, curve, current, onView } = props
  const place = useRef<HTMLDivElement>(null)
  const { width, height } = useSize(place)
  const { first, last, isScrolling, show } = useRowsInView(place, { count: total, rowHeight, boxHeight: height })
  const drawn = useRef(0)
  drawn.current = Math.max(drawn.current, last - first + 1)
  // A row that leaves the view is the one that comes into it: making elements costs more than changing their texts.
  const slotOf = (index: number): number => index % drawn.current
  const indexes = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
  // It also keeps its place in the document, as moving there is being made anew; at rest rows stand in the order in which they are read out.
  if (isScrolling) indexes.sort((one, other) => slotOf(one) - slotOf(other))
  useEffect(() => onView({ first, last }), [first, last, onView])
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current && current >= 0) show(current)
    isFirst.current = false
  }, [current, show])
  const { template, lefts, rowWidth } = useTemplate(columns, props.pinnedCount, curve, width)
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
      <Headings {...props} template={template} lefts={lefts} />
      <div className="rows" role="rowgroup" style={{ height: total * rowHeight, width: rowWidth }}>
        {indexes.map((index) => {
          const row = rowAt(index)
          return (
            <RunTableRow
              key={slotOf(index)}
              index={index}
              top={index * rowHeight}
              template={template}
              lefts={lefts}
              pinnedCount={props.pinnedCount}
              row={row}
              columns={columns}
              facts={props.facts}
              curve={curve}
              outline={row && props.outlines.get(row.id)}
              isSelected={row !== undefined && props.selected.has(row.id)}
              isCurrent={index === current}
              isExpanded={row !== undefined && props.expanded.has(row.id)}
              onSelect={props.onSelect}
              onExpand={props.onExpand}
              onLeave={props.onLeave}
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

/** Widths of the columns, and how far from the left those stand that stay there: choice, state, name and the pinned ones. */
function useTemplate(
  columns: readonly RunField[],
  pinnedCount: number,
  curve: string | undefined,
  width: number,
): { template: string; lefts: readonly number[]; rowWidth: number } {
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
      ...values.slice(0, pinnedCount),
      ...(curve === undefined ? [] : [widths.curve]),
      ...values.slice(pinnedCount),
      widths.took,
      widths.started,
    ]
    const rowWidth = parts.reduce((total, part) => total + part, 2 * rowPadding)
    // On a phone what stays would be all there is. Where all is in view nothing has to: a cell that stays costs a frame five times the style of one that does not.
    const staying = isNarrow || rowWidth <= width ? [] : parts.slice(0, 3 + pinnedCount)
    const lefts = staying.map((_, at) => parts.slice(0, at).reduce((total, part) => total + part, 0))
    return { template: parts.map((part) => `${part}px`).join(' '), lefts, rowWidth }
  }, [columns, pinnedCount, curve, width])
}

function Headings(props: RunTableProps & { template: string; lefts: readonly number[] }) {
  const { columns, pinnedCount, curve, sort, onSort, onMove, template, lefts } = props
  const [over, setOver] = useState<string | undefined>(undefined)
  const heading = (
    field: string,
    label: string,
    options: { right?: boolean; title?: string; left?: number | undefined; isMovable?: boolean } = {},
  ) => {
    const { left, isMovable = false } = options
    const direction = sort?.field === field ? sort.direction : undefined
    const next = direction === undefined ? 'desc' : direction === 'desc' ? 'asc' : undefined
    return (
      <div
        key={field}
        role="columnheader"
        className={`cell${options.right ? ' right' : ''}${left === undefined ? '' : ' staying'}${over === field ? ' drop' : ''}`}
        style={left === undefined ? undefined : { left }}
        aria-sort={direction === undefined ? 'none' : direction === 'asc' ? 'ascending' : 'descending'}
        {...(isMovable ? moving(field, setOver, onMove) : {})}
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
  const valueHeadings = columns.map((field, at) =>
    heading(printRunField(field), field.name, {
      right: field.scope === 'metrics' || field.scope === 'params',
      title: `Sort by ${printRunField(field)}; drag to move`,
      left: at < pinnedCount ? lefts[3 + at] : undefined,
      isMovable: true,
    }),
  )
  return (
    <div className="row headings" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
      <div role="columnheader" className={lefts.length > 0 ? 'cell staying' : 'cell'} style={{ left: lefts[0] }}>
        <span className="visually-hidden">Chosen</span>
      </div>
      {heading('state', 'State', { left: lefts[1] })}
      {heading('name', 'Name', { left: lefts[2] })}
      {valueHeadings.slice(0, pinnedCount)}
      {curve !== undefined && (
        <div role="columnheader" className="cell" title={`Outline of ${curve}`}>
          {curve} ~
        </div>
      )}
      {valueHeadings.slice(pinnedCount)}
      {heading('duration', 'Took', { right: true })}
      {heading('created', 'Started', { right: true })}
    </div>
  )
}

const dragged = 'application/x-trainyard-column'

/** A heading that can be dragged, and dropped upon to stand before it. By keyboard columns are moved in their own panel. */
function moving(field: string, setOver: (field: string | undefined) => void, onMove: RunTableProps['onMove']) {
  return {
    draggable: true,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.setData(dragged, field)
      event.dataTransfer.effectAllowed = 'move'
    },
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes(dragged)) return
      event.preventDefault()
      setOver(field)
    },
    onDragLeave: () => setOver(undefined),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      setOver(undefined)
      onMove(event.dataTransfer.getData(dragged), field)
    },
  }
}
