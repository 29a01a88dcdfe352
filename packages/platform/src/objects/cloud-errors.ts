import { AppError } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import { abortedError } from './cancel.ts'
import { networkReason } from './network-reason.ts'

export interface CloudFailure {
  /** What was being done, for example `Cannot write gs://bucket/key`. */
  what: string
  error: unknown
  /** HTTP status, as far as the package tells. */
  status: number | undefined
  /** How to give credentials. */
  credentialsHint: string
  signal?: AbortSignal | undefined
}

/** One sentence for whatever a cloud's package threw. */
export function cloudError({ what, error, status, credentialsHint, signal }: CloudFailure): AppError {
  if (error instanceof AppError) return error
  if (signal?.aborted) return abortedError(signal, what)
  const make = (code: AppError['code'], reason: string): AppError =>
    new AppError(code, `${what}: ${reason}.`, { cause: error, details: status ? { status } : {} })
  if (status === 404) return make('not_found', 'there is no such object or bucket')
  if (status === 401 || /default credentials/i.test(messageOf(error)))
    return make('permission_denied', `no valid credentials were found; ${credentialsHint}`)
  if (status === 403) return make('permission_denied', `the credentials at hand may not do that; ${credentialsHint}`)
  if (status !== undefined && status < 500 && status !== 408 && status !== 429)
    return make('storage', `the server refused (HTTP ${status})`)
  if (status !== undefined) return make('unavailable', `the server answered HTTP ${status}; try again later`)
  return make('unavailable', networkReason(error))
}
