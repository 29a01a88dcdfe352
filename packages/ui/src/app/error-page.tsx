import type { ErrorComponentProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'
import { searchKeys } from './keys.ts'
import { A } from './link.tsx'

export function NotFoundPage() {
  return (
    <div className="page-body">
      <div className="empty">
        <h1>There is no page at this address</h1>
        <p>
          Go to <A href="/runs">the runs</A> or <A href="/">the start</A>, or press <kbd>{searchKeys}</kbd> to search.
        </p>
      </div>
    </div>
  )
}

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <div className="page-body" role="alert">
      <div className="empty">
        <h1>{error instanceof ApiError ? 'The server refused this' : 'This page broke'}</h1>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <div>
          <button type="button" className="button primary" onClick={reset}>
            Try again
          </button>{' '}
          <A className="button" href="/">
            Start page
          </A>
        </div>
      </div>
    </div>
  )
}

/** A whole page for what could not be read: what is not there, why, and where else to look. */
export function MissingPage({
  title,
  error,
  retry,
  children,
}: {
  title: string
  error: Error
  retry?: () => void
  children?: ReactNode
}) {
  return (
    <div className="page-body">
      <div className="empty">
        <h1>{title}</h1>
        <Refusal error={error} {...(retry ? { retry } : {})} />
        {children}
      </div>
    </div>
  )
}

/** In place of what could not be read, with a way out. */
export function Refusal({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div className="note failure" role="alert">
      {error.message}{' '}
      {retry && (
        <button type="button" className="button plain" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}
