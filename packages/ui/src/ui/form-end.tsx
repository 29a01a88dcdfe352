import { type ReactNode, useState } from 'react'
import { Refusal } from '../app/error-page.tsx'

export interface Attempt {
  attempt: (work: () => Promise<unknown>) => void
  error: Error | null
  isBusy: boolean
}

/** Runs something that may fail, and says so in place. */
export function useAttempt(onDone: () => void): Attempt {
  const [error, setError] = useState<Error | null>(null)
  const [isBusy, setBusy] = useState(false)
  const attempt = (work: () => Promise<unknown>): void => {
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
  children,
}: {
  trial: Attempt
  onClose: () => void
  deed: string
  /** What the button says meanwhile. */
  busy?: string | undefined
  danger?: boolean | undefined
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
        <button type="submit" className={danger ? 'button danger' : 'button primary'} disabled={isBusy}>
          {isBusy ? busy : deed}
        </button>
      </div>
    </>
  )
}
