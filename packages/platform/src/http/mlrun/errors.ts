import { AppError, type ErrorCode, isAppError } from '@trainyard/contract'

/** What its client makes an exception of, by status: 409 a conflict, 412 a failed precondition, and so on. */
const statuses: Record<ErrorCode, number> = {
  invalid_argument: 400,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 412,
  permission_denied: 403,
  unavailable: 503,
  storage: 507,
  aborted: 409,
  internal: 500,
}

/** An answer of this dialect whose status is another than the error's own. */
export class MlrunError extends Error {
  override readonly name = 'MlrunError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const invalid = (sentence: string): AppError => new AppError('invalid_argument', sentence)
export const missing = (sentence: string): AppError => new AppError('not_found', sentence)

/** What to answer to an error; undefined for one nobody expected, whose text is for the log and not for the client. */
export function toAnswer(error: unknown): { status: number; body: { detail: string } } | undefined {
  if (error instanceof MlrunError) return { status: error.status, body: { detail: error.message } }
  if (isAppError(error)) return { status: statuses[error.code], body: { detail: error.message } }
  // What Fastify itself refuses: a body that is too large, a broken content length, a malformed address.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  if (status < 400 || status >= 500) return undefined
  return { status, body: { detail: (error as Error).message } }
}

/** To an error nobody expected. */
export const defectAnswer = { detail: 'The server met a defect of its own; its log says more.' }
