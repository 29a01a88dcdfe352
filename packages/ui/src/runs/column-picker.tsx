import { printRunField, type RunField } from '@trainyard/contract'
import { memo, useMemo, useState } from 'react'
import type { KeyFacts } from '../api/types.ts'
import { Popover } from '../ui/popover.tsx'
import { attributeColumns } from './columns.ts'
import type { KnownKeys } from './filter-text.ts'

const mostShown = 150

interface PickerProps {
  columns: readonly RunField[]
  /** Those that stay beside the name, as they are written. */
  pinned: ReadonlySet<string>
  keys: KnownKeys
  facts: readonly KeyFacts[]
  /** Undefined: those that are chosen for one. */
  onChange: (columns: RunField[] | undefined) => void
  onPin: (field: string) => void
}

/** Columns found by typing: 12,000 keys are no more trouble than twelve. */
export const ColumnPicker = memo(function ColumnPicker(props: PickerProps) {
  const { columns } = props
  return <Popover label={columns.length === 0 ? 'Columns' : `Columns ${columns.length}`}>{() => <Panel {...props} />}</Popover>
})

function Panel({ columns, pinned, keys, facts, onChange, onPin }: PickerProps) {
  const [text, setText] = useState('')
  const all = useMemo(() => allFields(keys, facts), [keys, facts])
  const chosen = new Set(columns.map(printRunField))
  const found = all.filter(
    (field) => !chosen.has(printRunField(field)) && printRunField(field).toLowerCase().includes(text.toLowerCase()),
  )
  const move = (at: number, by: number): void => {
    const next = [...columns]
    const [moved] = next.splice(at, 1)
    next.splice(at + by, 0, moved!)
    onChange(next)
  }
  return (
    <div className="picker">
      <input
        className="field"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- The panel was opened to be typed into.
        autoFocus
        aria-label="Find a column"
        placeholder={`Find among ${all.length}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && found[0]) onChange([...columns, found[0]])
        }}
      />
      <ul>
        {columns.map((field, at) => (
          <li key={printRunField(field)}>
            <label>
              <input type="checkbox" checked onChange={() => onChange(columns.filter((each) => each !== field))} />
              <span className="elide">{printRunField(field)}</span>
            </label>
            <button
              type="button"
              className="button plain small"
              aria-pressed={pinned.has(printRunField(field))}
              aria-label={`Pin ${field.name}`}
              title="Stays beside the name when one scrolls sideways"
              onClick={() => onPin(printRunField(field))}
            >
              Pin
            </button>
            <button
              type="button"
              className="button plain small"
              disabled={at === 0}
              aria-label={`${field.name} to the left`}
              onClick={() => move(at, -1)}
            >
              ↑
            </button>
            <button
              type="button"
              className="button plain small"
              disabled={at === columns.length - 1}
              aria-label={`${field.name} to the right`}
              onClick={() => move(at, 1)}
            >
              ↓
            </button>
          </li>
        ))}
        {found.slice(0, mostShown).map((field) => (
          <li key={printRunField(field)}>
            <label>
              <input type="checkbox" checked={false} onChange={() => onChange([...columns, field])} />
              <span className="elide">{printRunField(field)}</span>
            </label>
          </li>
        ))}
        {found.length > mostShown && <li className="muted">and {found.length - mostShown} more: type on</li>}
      </ul>
      <button type="button" className="button plain small" onClick={() => onChange(undefined)}>
        Choose for me
      </button>
    </div>
  )
}

function allFields(keys: KnownKeys, facts: readonly KeyFacts[]): RunField[] {
  const counts = new Map(facts.map((each) => [`${each.scope} ${each.name}`, each.runCount]))
  const fields = (['metrics', 'params', 'labels'] as const).flatMap((scope) =>
    keys[scope].map((name): RunField => ({ scope, name })),
  )
  const countOf = ({ scope, name }: RunField): number => counts.get(`${scope} ${name}`) ?? 0
  return [
    ...fields.toSorted((left, right) => countOf(right) - countOf(left)),
    ...attributeColumns.map((name): RunField => ({ scope: 'attribute', name })),
  ]
}
