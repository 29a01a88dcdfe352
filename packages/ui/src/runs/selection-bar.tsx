import { isEnded } from '@trainyard/contract'
import { useState } from 'react'
import { Refusal } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { A } from '../app/link.tsx'
import { Sheet } from '../app/sheet.tsx'
import { useRunActions } from './run-actions.ts'
import type { Selection } from './runs-page.tsx'

/** What can be done with the chosen runs. */
export function SelectionBar({ selection }: { selection: Selection }) {
  const [sheet, setSheet] = useState<'label' | 'trash' | 'stop' | null>(null)
  const count = selection.ids.size
  const ids = [...selection.ids]
  const active = selection.rows.filter((row) => !isEnded(row.state))
  useKeys('Chosen runs', {
    l: { label: 'label', run: () => count > 0 && setSheet('label') },
    '#': { label: 'put into the trash (asks)', run: () => count > 0 && setSheet('trash') },
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

/** Runs something that may fail, and says so in place. */
export function useAttempt(onDone: () => void): {
  attempt: (work: () => Promise<void>) => void
  error: Error | null
  isBusy: boolean
} {
  const [error, setError] = useState<Error | null>(null)
  const [isBusy, setBusy] = useState(false)
  const attempt = (work: () => Promise<void>): void => {
    setBusy(true)
    setError(null)
    work().then(onDone, (reason: unknown) => {
      setBusy(false)
      setError(reason instanceof Error ? reason : new Error(String(reason)))
    })
  }
  return { attempt, error, isBusy }
}

function LabelSheet({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const { label } = useRunActions()
  const { attempt, error, isBusy } = useAttempt(onClose)
  return (
    <Sheet title="Label runs" onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          attempt(() => label(ids, { [key.trim()]: value === '' ? null : value }))
        }}
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
        {error && <Refusal error={error} />}
        <div className="buttons">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={isBusy}>
            Label
          </button>
        </div>
      </form>
    </Sheet>
  )
}

function TrashSheet({ selection, onClose }: { selection: Selection; onClose: () => void }) {
  const { trash } = useRunActions()
  const { attempt, error, isBusy } = useAttempt(() => {
    selection.clear()
    onClose()
  })
  const iterations = selection.rows.reduce((sum, row) => sum + (row.sweep ? row.sweep.completed + row.sweep.failed : 0), 0)
  return (
    <Sheet title="Trash runs" onClose={onClose}>
      <div className="inside form">
        <h2>
          Put {selection.ids.size} {selection.ids.size === 1 ? 'run' : 'runs'} into the trash?
        </h2>
        <p>
          {iterations > 0 && `${iterations} iterations go with them. `}Nothing is lost yet: <code>trainyard trash restore</code>{' '}
          brings them back, and runs that made a registered model version are kept when the trash is emptied.
        </p>
        {error && <Refusal error={error} />}
        <div className="buttons">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="button danger"
            disabled={isBusy}
            onClick={() => attempt(() => trash([...selection.ids]))}
          >
            Put into the trash
          </button>
        </div>
      </div>
    </Sheet>
  )
}

export function StopSheet({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const { abort } = useRunActions()
  const { attempt, error, isBusy } = useAttempt(onClose)
  return (
    <Sheet title="Stop runs" onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          attempt(() => abort(ids, reason))
        }}
      >
        <h2>
          Stop {ids.length} {ids.length === 1 ? 'run' : 'runs'}?
        </h2>
        <p className="muted">What they have logged so far is kept.</p>
        <label>
          Why (kept on the record)
          <input className="field" value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        {error && <Refusal error={error} />}
        <div className="buttons">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button danger" disabled={isBusy}>
            {isBusy ? 'Stopping…' : 'Stop'}
          </button>
        </div>
      </form>
    </Sheet>
  )
}
