import type { ReactNode } from 'react'
import type { XKind } from './chart-data.ts'
import { type ChangeView, type ChartView, logOf } from './chart-view.ts'

const axes: [XKind, string][] = [
  ['step', 'Step'],
  ['relative', 'Time'],
  ['wall', 'Clock'],
]

export function ChartBar({
  view,
  change,
  isGrouped = false,
  children,
}: {
  view: ChartView
  change: ChangeView
  isGrouped?: boolean
  children?: ReactNode
}) {
  return (
    <div className="chart-bar">
      {children}
      <div className="segmented" role="group" aria-label="Horizontal axis">
        {axes.map(([kind, label]) => (
          <button
            key={kind}
            type="button"
            aria-pressed={view.x === kind}
            onClick={() => change({ axis: kind === 'step' ? undefined : kind, x: undefined })}
          >
            {label}
          </button>
        ))}
      </div>
      <label>
        <input
          type="checkbox"
          checked={view.isLog}
          onChange={(event) => change({ log: logOf(event.target.checked, view.isLogX) })}
        />{' '}
        log y
      </label>
      <label>
        <input
          type="checkbox"
          checked={view.isLogX}
          onChange={(event) => change({ log: logOf(view.isLog, event.target.checked) })}
        />{' '}
        log x
      </label>
      <label>
        smoothing{' '}
        <input
          type="range"
          min={0}
          max={50}
          step={2}
          value={view.smoothing}
          onChange={(event) => change({ smooth: event.target.value === '0' ? undefined : event.target.value })}
        />
      </label>
      {isGrouped && (
        <select
          className="button small"
          aria-label="What the bands span"
          value={view.band}
          onChange={(event) => change({ band: event.target.value === 'range' ? undefined : event.target.value })}
        >
          <option value="range">lowest to highest</option>
          <option value="quartiles">middle half</option>
        </select>
      )}
      <label>
        <span className="visually-hidden">Charts side by side</span>
        <select
          className="button small"
          title="Charts side by side"
          value={view.perRow ?? ''}
          onChange={(event) => change({ wide: event.target.value || undefined })}
        >
          <option value="">as they fit</option>
          {[1, 2, 3, 4].map((count) => (
            <option key={count} value={count}>
              {count} a row
            </option>
          ))}
        </select>
      </label>
      {view.zoom && (
        <button type="button" className="button small" onClick={() => change({ x: undefined })}>
          Show all
        </button>
      )}
    </div>
  )
}
