import type { ErrorCode } from '@trainyard/contract'

/** Exit codes are part of the interface: scripts switch on them. */
export const exitCodes = {
  ok: 0,
  runFailed: 1,
  badInput: 2,
  notFound: 3,
  refused: 4,
  storage: 5,
  /** The script ended well, but something it asked for could not be recorded. */
  problems: 6,
  defect: 70,
  aborted: 130,
} as const

const exitCodeOfError: Record<ErrorCode, number> = {
  invalid_argument: exitCodes.badInput,
  not_found: exitCodes.notFound,
  already_exists: exitCodes.refused,
  failed_precondition: exitCodes.refused,
  permission_denied: exitCodes.refused,
  unavailable: exitCodes.storage,
  storage: exitCodes.storage,
  aborted: exitCodes.aborted,
  internal: exitCodes.defect,
}

/** The shape of an `AppError`, known without loading the contract package: `--help` must not wait for its schemas. */
interface PurposefulError extends Error {
  code: ErrorCode
  details: Readonly<Record<string, unknown>>
}

export const isPurposeful = (error: unknown): error is PurposefulError =>
  error instanceof Error && error.name === 'AppError' && 'code' in error && String(error.code) in exitCodeOfError

/** The exit code for an error that reached the edge of the program. */
export const exitCodeOf = (error: unknown): number => (isPurposeful(error) ? exitCodeOfError[error.code] : exitCodes.defect)
