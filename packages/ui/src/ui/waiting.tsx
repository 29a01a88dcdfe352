import { type QueryKey, useQueries } from '@tanstack/react-query'
import { useRef } from 'react'

/**
 * Whether all of these have answered once. What decides how tall a page is must be known before anything below it is drawn: nothing that
 * is read may move. Stays true when others are asked later.
 */
export function useFirstAnswers(queries: readonly { queryKey: QueryKey }[]): boolean {
  const isKnown = useRef(false)
  const results = useQueries({ queries })
  isKnown.current ||= results.every(({ isPending }) => !isPending)
  return isKnown.current
}

/** Where a page will be; seen only when it takes long enough to be noticed. */
export const Waiting = () => (
  <div className="page-waiting" role="status">
    <span className="visually-hidden">Loading</span>
    <div />
    <div />
    <div />
  </div>
)
