import type { Context } from './context.ts'
import { isAborting } from './signals.ts'

/**
 * Ends the run with the process: completed when it leaves with code 0, aborted when it was asked to stop, else failed with the
 * error that ended it. Watches only; exit codes and what node prints stay as they are.
 */
export function endWithProcess(context: Pick<Context, 'end'>): { fail(error: unknown): void } {
  let failure: { error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
  }
  process.on('uncaughtExceptionMonitor', fail)
  process.on('exit', (code) => {
    if (isAborting()) return context.end('aborted')
    if (failure && code !== 0) return context.end('failed', failure.error)
    if (code === 0) return context.end('completed')
    return context.end('failed', { type: 'ProcessExit', message: exitSentence(code) })
  })
  return { fail }
}

/** https://nodejs.org/api/process.html#exit-codes */
const exitSentence = (code: number): string =>
  code === 13
    ? 'The script ended while it was still waiting: a promise awaited at the top level was never settled (exit code 13).'
    : `The script ended with exit code ${code}.`
