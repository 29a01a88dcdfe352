import { AppError, isAppError } from '@trainyard/contract'

/** SQLSTATE codes that we tell apart: https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const uniqueViolation = '23505'
const foreignKeyViolation = '23503'

/** The server is on its way up, or has no connection left: worth another try soon. */
const briefCodes = new Set(['57P03', '53300'])
const busyCodes = new Set(['55P03', '40001', '40P01'])
const lostCodes = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25P03'])
const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** What the driver says without a code. */
const lostMessage = /connection terminated|connection error|not queryable|timeout expired|Connection ended|server closed/i

/** Whether the connection is gone, as opposed to a statement that was refused. */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== '') return lostCodes.has(code) || systemCodes.has(code) || code.startsWith('08')
  return error instanceof Error && !isAppError(error) && lostMessage.test(error.message)
}

/** Whether the same attempt to connect may succeed in a moment. */
export const isBriefRefusal = (error: unknown): boolean => briefCodes.has(codeOf(error))

/** The AppError for anything thrown by the driver; other errors are returned as they are. `place` is the address without password. */
export function fromPostgresError(error: unknown, place: string): Error {
  if (isAppError(error)) return error
  const code = codeOf(error)
  const message = error instanceof Error ? error.message || code : String(error)
  const app = (kind: ConstructorParameters<typeof AppError>[0], sentence: string) =>
    new AppError(kind, sentence, { cause: error, ...(code && { details: { postgres: code } }) })
  if (isConnectionLoss(error))
    return app('unavailable', `Cannot reach the database ${place}: ${message}. Check that the server runs, then try again.`)
  if (busyCodes.has(code))
    return app('unavailable', `The database ${place} is locked by another process; try again when it has finished.`)
  switch (code) {
    case '':
      return error instanceof Error ? error : new Error(message)
    case uniqueViolation:
      return app('already_exists', `A record with the same key exists already (${message}).`)
    case foreignKeyViolation:
      return app('not_found', 'A record that this one belongs to does not exist, or no longer.')
    case '28P01':
    case '28000':
    case '42501':
      return app('permission_denied', `The database ${place} refused: ${message}. Check user, password and rights.`)
    case '3D000':
      return app('failed_precondition', `${capital(message)} (${place}). Make it with createdb, or name another one.`)
    case '53100':
      return app('storage', `Cannot write to the database ${place}: the server's disk is full. Free some space and try again.`)
    case '53200':
      return app('storage', `The database ${place} is out of memory: ${message}.`)
    case '25006':
      return app('storage', `Cannot write to the database ${place}: the server is read-only (${message}).`)
    case 'XX001':
    case 'XX002':
      return app('storage', `The database ${place} is damaged (${message}). Restore it from a copy.`)
    case '54000':
      return app('invalid_argument', `A name or address is too long for the database: ${message}.`)
    case '22003':
      return app('invalid_argument', `A number is too large for the database: ${message}.`)
    default:
      return app('internal', `The database refused a statement: ${message}.`)
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
