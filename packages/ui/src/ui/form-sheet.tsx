import type { ReactNode } from 'react'
import { Sheet } from '../app/sheet.tsx'
import { FormEnd, useAttempt } from './form-end.tsx'

/** A dialog with a form: what it asks, the deed, and what went wrong with it in place. */
export function FormSheet({
  title,
  deed,
  busy,
  danger,
  onClose,
  onSubmit,
  onDone = onClose,
  canSubmit = true,
  otherDeed,
  children,
}: {
  title: string
  deed: string
  /** What the button says meanwhile. */
  busy?: string
  danger?: boolean
  onClose: () => void
  /** Throws what keeps the sheet open. */
  onSubmit: () => Promise<unknown>
  /** Usually closes the sheet. */
  onDone?: () => void
  /** False while it is not known what would be done: then there is no deed to do. */
  canSubmit?: boolean
  otherDeed?: { label: string; run: () => Promise<unknown> } | undefined
  children: ReactNode
}) {
  const trial = useAttempt(onDone)
  return (
    <Sheet title={title} onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          if (canSubmit) trial.attempt(onSubmit)
        }}
      >
        {children}
        {canSubmit && (
          <FormEnd trial={trial} onClose={onClose} deed={deed} busy={busy} danger={danger}>
            {otherDeed && (
              <button
                type="button"
                className="button danger"
                disabled={trial.isBusy}
                onClick={() => trial.attempt(otherDeed.run)}
              >
                {otherDeed.label}
              </button>
            )}
          </FormEnd>
        )}
      </form>
    </Sheet>
  )
}
