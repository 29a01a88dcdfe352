import { isAppError, type JournalEnd, type RunError, type RunExit, type RunState, sentenceOfError } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'

export interface Conclusion {
  state: Extract<RunState, 'completed' | 'failed' | 'aborted'>
  reason: string | null
  error: RunError | null
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`

function describeSignal(exit: Extract<RunExit, { kind: 'signalled' }>): string {
  if (exit.outOfMemory) return `killed by ${exit.signal}: the machine ran out of memory`
  if (exit.signal === 'SIGKILL') return 'killed by SIGKILL from outside (often the out-of-memory killer)'
  return `killed by ${exit.signal}`
}

const untold = 'never_began'

/** Whether the run's process ended before it was told its job: nothing of the user's has run. */
export const isUntold = (error: RunError | null): boolean => error?.type === untold

export function concludeUntold(because: string): Conclusion {
  const message = `never began: ${because} before its job reached the process`
  return { state: 'failed', reason: message, error: { type: untold, message } }
}

/** What an error means for a run that it kept from beginning. */
export function concludeUnbegun(error: unknown): { reason: string; error: RunError } {
  const message = messageOf(error)
  const type = isAppError(error) && typeof error.details['type'] === 'string' ? error.details['type'] : 'start'
  return { reason: message.split('\n', 1)[0] ?? message, error: { type, message } }
}

/**
 * What a run's end means, from how the process ended and what its journal said last. Pure. The process's word (`end`) wins over
 * a plain exit code, because it knows the exception; a person's stop wins over both. A stop that a program decided (`by`) loses to the word that the work
 * was complete.
 */
export function concludeRun(exit: RunExit, end: JournalEnd | undefined, because?: string): Conclusion {
  const error = end?.error ?? null
  switch (exit.kind) {
    case 'cancelled':
      if (exit.by !== undefined && !exit.forced && end?.outcome === 'completed')
        return { state: 'completed', reason: null, error: null }
      return { state: 'aborted', reason: because ?? (exit.forced ? 'aborted, had to be killed' : 'aborted'), error }
    case 'timed_out':
      return { state: 'failed', reason: `timed out after ${seconds(exit.afterMs)}`, error }
    case 'signalled':
      return {
        state: 'failed',
        reason: describeSignal(exit),
        error: error ?? { type: exit.signal, message: describeSignal(exit) },
      }
    case 'lost': {
      if (end) return concludeRun({ kind: 'exited', code: end.outcome === 'completed' ? 0 : 1 }, end, because)
      const note = exit.note === undefined ? '' : ` (${exit.note})`
      return { state: 'failed', reason: `lost: its process vanished on ${exit.host}${note}`, error: null }
    }
    case 'exited': {
      if (end?.outcome === 'aborted') return { state: 'aborted', reason: because ?? 'stopped by a signal from outside', error }
      if (end?.outcome === 'failed' || exit.code !== 0) {
        const told = error === null ? `exited with code ${exit.code}` : firstLine(sentenceOfError(error))
        return { state: 'failed', reason: told, error: error ?? { type: 'exit', message: `exited with code ${exit.code}` } }
      }
      return { state: 'completed', reason: null, error: null }
    }
    default:
      return exit satisfies never
  }
}
