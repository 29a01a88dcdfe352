import type { GuardedAnswer } from '../base/guarded-request.ts'
import { longestPauseMs, type Outcome } from './delivery-runner.ts'

/** What the answer of a receiver means for a message. */
export function judge({ status, headers, body }: GuardedAnswer): Outcome {
  if (status >= 200 && status < 300) return { state: 'delivered', status, error: null }
  const told = body.slice(0, 200).toWellFormed().replaceAll('\0', '').trim()
  const error = `It answered with ${status}${told === '' ? '' : `: ${told}`}`
  const isPassing = status >= 500 || status === 429 || status === 408
  if (!isPassing) return { state: 'failed', status, error }
  const seconds = Number(headers['retry-after'])
  return { state: 'waiting', status, error, ...(seconds > 0 ? { afterMs: Math.min(longestPauseMs, seconds * 1000) } : {}) }
}
