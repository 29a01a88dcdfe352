/**
 * The one error class the product throws on purpose. `code` is what programs switch on, `message` is one sentence a user can
 * act on. The domain names no HTTP status and no exit code: each edge (CLI, HTTP dialect) has a table from code to its own.
 */
export const errorCodes = [
  /** The request itself is wrong: a bad value, an unknown name of a field, a malformed file. */
  'invalid_argument',
  'not_found',
  'already_exists',
  /** The request is fine but not now: a wrong state, a missing tool, a newer data directory. */
  'failed_precondition',
  'permission_denied',
  /** Something outside is away; trying again may work. */
  'unavailable',
  /** The disk or the database refused: full, read-only, damaged. */
  'storage',
  'aborted',
  /** A defect of ours. */
  'internal',
] as const
export type ErrorCode = (typeof errorCodes)[number]

export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  /** Machine-readable facts beside the sentence, for example `{ position: 12 }` or `{ handlers: ['train'] }`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

export const isAppError = (error: unknown, code?: ErrorCode): error is AppError =>
  error instanceof AppError && (code === undefined || error.code === code)
