import { AppError } from '@trainyard/contract'
import { messageOf } from '../../base/errors.ts'
import { abortedError } from '../cancel.ts'
import { networkReason } from '../network-reason.ts'

/** What the SDK's errors have in common. */
interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number }
}

const codeOf = (error: unknown): string => (error instanceof Error ? error.name : '')
export const httpStatusOf = (error: unknown): number | undefined => (error as ServiceError | undefined)?.$metadata?.httpStatusCode

export const isMissingObject = (error: unknown): boolean =>
  codeOf(error) === 'NoSuchKey' ||
  codeOf(error) === 'NotFound' ||
  (httpStatusOf(error) === 404 && codeOf(error) !== 'NoSuchBucket')
export const isMissingUpload = (error: unknown): boolean => codeOf(error) === 'NoSuchUpload'
export const isPastEnd = (error: unknown): boolean => codeOf(error) === 'InvalidRange' || httpStatusOf(error) === 416
export const isConditionFailed = (error: unknown): boolean =>
  httpStatusOf(error) === 412 || httpStatusOf(error) === 409 || codeOf(error) === 'PreconditionFailed'

/** One sentence for whatever the SDK threw while doing `what` (for example `Cannot write s3://bucket/key`). */
export function s3Error(what: string, bucket: string, error: unknown, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return error
  if (signal?.aborted) return abortedError(signal, what)
  const name = codeOf(error)
  const status = httpStatusOf(error)
  const make = (code: AppError['code'], reason: string): AppError =>
    new AppError(code, `${what}: ${reason}.`, {
      cause: error,
      details: { service: 's3', error: name, ...(status ? { status } : {}) },
    })
  if (name === 'NoSuchBucket') return make('not_found', `there is no bucket named ${bucket}`)
  if (isMissingObject(error)) return make('not_found', 'there is no such object')
  if (name === 'CredentialsProviderError' || /credential/i.test(name) || /Could not load credentials/i.test(messageOf(error))) {
    return make('permission_denied', 'no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE')
  }
  if (messageOf(error).startsWith('Region is missing')) return make('invalid_argument', 'the region is not known; set AWS_REGION')
  const keys = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']
  if (keys.includes(name)) return make('permission_denied', `the credentials are not accepted (${name})`)
  if (status === 401 || status === 403) return make('permission_denied', 'the credentials at hand may not do that (HTTP 403)')
  if (status !== undefined && status < 500 && status !== 429 && status !== 408)
    return make('storage', `${messageOf(error)} (HTTP ${status})`)
  if (status !== undefined) return make('unavailable', `the server answered ${name} (HTTP ${status}); try again later`)
  return make('unavailable', networkReason(error))
}
