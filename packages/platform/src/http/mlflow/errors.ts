import { type ErrorCode, isAppError } from '@trainyard/contract'

/** What a client of the protocol switches on, with the status that goes with it. */
export const statuses = {
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  INVALID_STATE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  REQUEST_LIMIT_EXCEEDED: 413,
  CANCELLED: 499,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const
export type MlflowCode = keyof typeof statuses

/** An answer of this dialect that says more than an `AppError` does: the very code and sentence its clients look at. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError'
  readonly code: MlflowCode

  constructor(code: MlflowCode, message: string) {
    super(message)
    this.code = code
  }
}

export const invalid = (message: string): MlflowError => new MlflowError('INVALID_PARAMETER_VALUE', message)
export const missing = (message: string): MlflowError => new MlflowError('RESOURCE_DOES_NOT_EXIST', message)

const codes: Record<ErrorCode, MlflowCode> = {
  invalid_argument: 'INVALID_PARAMETER_VALUE',
  not_found: 'RESOURCE_DOES_NOT_EXIST',
  already_exists: 'RESOURCE_ALREADY_EXISTS',
  failed_precondition: 'INVALID_PARAMETER_VALUE',
  permission_denied: 'PERMISSION_DENIED',
  unavailable: 'TEMPORARILY_UNAVAILABLE',
  storage: 'INTERNAL_ERROR',
  aborted: 'CANCELLED',
  internal: 'INTERNAL_ERROR',
}

/** What to answer to an error; undefined for one nobody expected, whose text is for the log and not for the client. */
export function toAnswer(error: unknown): { status: number; body: { error_code: string; message: string } } | undefined {
  if (error instanceof MlflowError) return answer(error.code, error.message)
  if (isAppError(error)) return answer(codes[error.code], error.message)
  // What Fastify itself refuses: a body that is too large, a broken content length, a malformed address.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0
  if (status < 400 || status >= 500) return undefined
  const code = status === 413 ? 'REQUEST_LIMIT_EXCEEDED' : 'BAD_REQUEST'
  return { status, body: { error_code: code, message: (error as Error).message } }
}

/** To an error nobody expected. */
export const defectAnswer = {
  error_code: 'INTERNAL_ERROR',
  message: 'The server met a defect of its own; its log says more.',
}

const answer = (code: MlflowCode, message: string) => ({ status: statuses[code], body: { error_code: code, message } })
