import { endedIterations, isEnded } from '@trainyard/contract'
import { useState } from 'react'
import { useKeys } from '../app/keys.ts'
import { A } from '../app/link.tsx'
import { useRunActions } from './run-actions.ts'
import type { Selection } from './use-selection.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

/** What can be done with the chosen runs. */
export function SelectionBar({ selection }: { selection: Selection }) {
  const [sheet, setSheet] = useState<'label' | 'trash' | 'stop' | null>(null)
  const count = selection.ids.size
  const ids = [...selection.ids]
  const active = selection.rows.filter((row) => !isEnded(row.state))
  const isAny = (): boolean => count > 0
  useKeys('Chosen runs', {
    l: { label: 'label', run: () => setSheet('label'), isOn: isAny },
    '#': { label: 'put into the trash (asks)', run: () => setSheet('trash'), isOn: isAny },
  })
  return (
    <>
      {count > 0 && (
        <>
          <span className="facts" role="status">
            {count} chosen
          </span>
          {active.length > 0 && (
            <button type="button" className="button" onClick={() => setSheet('stop')}>
              Stop {active.length}
            </button>
          )}
          <button type="button" className="button" onClick={() => setSheet('label')}>
            Label <kbd>l</kbd>
          </button>
          <button type="button" className="button" onClick={() => setSheet('trash')}>
            Trash <kbd>#</kbd>
          </button>
        </>
      )}
      {count > 1 && (
        <A className="button primary" href={`/compare?runs=${ids.join(',')}`}>
          Compare {count}
        </A>
      )}
      {sheet === 'label' && <LabelSheet ids={ids} onClose={() => setSheet(null)} />}
      {sheet === 'trash' && <TrashSheet selection={selection} onClose={() => setSheet(null)} />}
      {sheet === 'stop' && <StopSheet ids={active.map((row) => row.id)} onClose={() => setSheet(null)} />}
    </>
  )
}

function LabelSheet({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const { label } = useRunActions()
  return (
    <FormSheet
      title="Label runs"
      deed="Label"
      onSubmit={() => label(ids, { [key.trim()]: value === '' ? null : value })}
      onClose={onClose}
    >
      <h2>
        Label {ids.length} {ids.length === 1 ? 'run' : 'runs'}
      </h2>
      <label>
        Name
        <input className="field" required value={key} onChange={(event) => setKey(event.target.value)} />
      </label>
      <label>
        Value (empty takes the label away)
        <input className="field" value={value} onChange={(event) => setValue(event.target.value)} />
      </label>
    </FormSheet>
  )
}

function TrashSheet({ selection, onClose }: { selection: Selection; onClose: () => void }) {
  const { trash } = useRunActions()
  const iterations = selection.rows.reduce((sum, row) => sum + (row.sweep ? endedIterations(row.sweep) : 0), 0)
  return (
    <FormSheet
      title="Trash runs"
      deed="Put into the trash"
      danger
      onSubmit={() => trash([...selection.ids])}
      onDone={() => {
        selection.clear()
        onClose()
      }}
      onClose={onClose}
    >
      <h2>
        Put {selection.ids.size} {selection.ids.size === 1 ? 'run' : 'runs'} into the trash?
      </h2>
      <p>
        {iterations > 0 && `${iterations} iterations go with them. `}Nothing is lost yet: <code>trainyard trash restore</code>{' '}
        brings them back, and runs that made a registered model version are kept when the trash is emptied.
      </p>
    </FormSheet>
  )
}

export function StopSheet({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const { abort } = useRunActions()
  return (
    <FormSheet title="Stop runs" deed="Stop" busy="Stopping…" danger onSubmit={() => abort(ids, reason)} onClose={onClose}>
      <h2>
        Stop {ids.length} {ids.length === 1 ? 'run' : 'runs'}?
      </h2>
      <p className="muted">What {ids.length === 1 ? 'it has' : 'they have'} logged so far is kept.</p>
      <label>
        Why (kept on the record)
        <input className="field" value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </FormSheet>
  )
}
