import { type ReactNode, useState } from 'react'
import { Refusal } from '../app/error-page.tsx'

export interface Attempt {
  attempt: (work: () => Promise<void>) => void
  error: Error | null
  isBusy: boolean
}

/** Runs something that may fail, and says so in place. */
export function useAttempt(onDone: () => void): Attempt {
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

/** The end of every form on a sheet: what went wrong, the way back, and the deed. */
export function FormEnd({
  trial: { error, isBusy },
  onClose,
  deed,
  busy = deed,
  danger = false,
  onDeed,
  children,
}: {
  trial: Attempt
  onClose: () => void
  deed: string
  /** What the button says meanwhile. */
  busy?: string
  danger?: boolean
  /** Where there is nothing to submit: what the button does. */
  onDeed?: () => void
  /** Other deeds, before these two. */
  children?: ReactNode
}) {
  return (
    <>
      {error && <Refusal error={error} />}
      <div className="buttons">
        {children}
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type={onDeed ? 'button' : 'submit'}
          className={danger ? 'button danger' : 'button primary'}
          disabled={isBusy}
          onClick={onDeed}
        >
          {isBusy ? busy : deed}
        </button>
      </div>
    </>
  )
}
