import { inspect } from 'node:util'
import type { RunError } from '@trainyard/contract'

const tracebackLimit = 64 * 1024

/** What a run says it failed with. Anything may be thrown in JavaScript; what is no `Error` is shown as it is. */
export function toRunError(error: unknown): RunError {
  if (isRunError(error)) return error
  if (error instanceof HarnessError) {
    return { type: error.type, message: error.message, ...(error.traceback === undefined ? {} : { traceback: error.traceback }) }
  }
  if (error instanceof Error || (typeof error === 'object' && error !== null && 'stack' in error && 'message' in error)) {
    const known = error as Error
    return { type: known.name || 'Error', message: known.message, traceback: inspect(error).slice(0, tracebackLimit) }
  }
  return { type: typeof error, message: inspect(error).slice(0, 2000) }
}

/** Shorter values are words that happen to be there too. */
const shortestSecret = 4

/** An exception may quote a secret; the record must not. */
export function withoutSecrets(error: RunError, secrets: Readonly<Record<string, string>>): RunError {
  const values = Object.values(secrets)
    .filter((value) => value.length >= shortestSecret)
    .sort((one, other) => other.length - one.length)
  const clean = (text: string): string => values.reduce((cleaned, value) => cleaned.replaceAll(value, '***'), text)
  const { traceback } = error
  return { type: error.type, message: clean(error.message), ...(traceback === undefined ? {} : { traceback: clean(traceback) }) }
}

/** An error of ours that already has its sentence (`missing_handler`, `syntax_error` …). */
export class HarnessError extends Error {
  readonly type: string
  readonly traceback: string | undefined

  constructor(type: string, message: string, traceback?: string) {
    super(message)
    this.name = type
    this.type = type
    this.traceback = traceback
  }
}

const isRunError = (error: unknown): error is RunError =>
  typeof error === 'object' &&
  error !== null &&
  !(error instanceof Error) &&
  'type' in error &&
  'message' in error &&
  !('stack' in error)
