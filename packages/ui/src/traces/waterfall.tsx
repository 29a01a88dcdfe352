import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { formatDuration } from '../format/time.ts'
import type { SpanRow } from './span-tree.ts'
import type { Span } from '@trainyard/contract/native-api'

const rowHeight = 28
const indent = 14

/** Each span a line: where it stands in the tree, and when it went on. No more lines are in the page than fit. */
export function Waterfall({
  rows,
  lengthMs,
  chosen,
  onChoose,
  onToggle,
}: {
  rows: readonly SpanRow[]
  lengthMs: number
  chosen: string | undefined
  onChoose: (span: Span) => void
  onToggle: (id: string, isOpen: boolean) => void
}) {
  const place = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  })
  const at = rows.findIndex(({ span }) => span.id === chosen)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [at, virtual])
  return (
    <section className="card waterfall" aria-label="Spans">
      <header>
        <h2>Spans</h2>
        <span className="facts">0 to {formatDuration(lengthMs)}</span>
      </header>
      <div ref={place} className="scroll spans">
        <ul style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => (
            <SpanLine
              key={rows[index]!.span.id}
              row={rows[index]!}
              top={start}
              lengthMs={lengthMs}
              isChosen={index === at}
              onChoose={onChoose}
              onToggle={onToggle}
            />
          ))}
        </ul>
      </div>
    </section>
  )
}

function SpanLine({
  row: { span, depth, childCount, isOpen },
  top,
  lengthMs,
  isChosen,
  onChoose,
  onToggle,
}: {
  row: SpanRow
  top: number
  lengthMs: number
  isChosen: boolean
  onChoose: (span: Span) => void
  onToggle: (id: string, isOpen: boolean) => void
}) {
  const took = span.endMs === null ? undefined : span.endMs - span.startMs
  const share = (ms: number): string => `${lengthMs === 0 ? 0 : (100 * ms) / lengthMs}%`
  const isFailed = span.status.code === 'ERROR'
  return (
    <li className={`span${isChosen ? ' chosen' : ''}`} style={{ transform: `translateY(${top}px)` }}>
      <span className="span-place" style={{ paddingLeft: Math.min(depth, 20) * indent }}>
        {childCount > 0 ? (
          <button
            type="button"
            className="fold"
            aria-expanded={isOpen}
            aria-label={`Spans below ${span.name}`}
            onClick={() => onToggle(span.id, !isOpen)}
          >
            {isOpen ? '▾' : '▸'}
          </button>
        ) : (
          <span className="fold" />
        )}
        <button
          type="button"
          className="span-name"
          aria-current={isChosen ? 'true' : undefined}
          title={span.name}
          onClick={() => onChoose(span)}
        >
          {isFailed && <span className="failed-text">✕ </span>}
          <span className="elide">{span.name}</span>
          {span.type !== null && span.type !== 'UNKNOWN' && <span className="span-type">{span.type.toLowerCase()}</span>}
        </button>
      </span>
      <span className="span-time" onClick={() => onChoose(span)} aria-hidden="true">
        <span
          className={`span-bar${isFailed ? ' failed' : ''}`}
          style={{ left: share(span.startMs), width: share(took ?? lengthMs - span.startMs) }}
        />
      </span>
      <span className="span-took">{took === undefined ? '…' : formatDuration(took)}</span>
    </li>
  )
}
