import { isMainThread } from 'node:worker_threads'

const controller = new AbortController()
let listening = false

/** Thrown out of `signal.throwIfAborted()` and everything that takes the signal. */
export class RunAborted extends Error {
  override readonly name = 'AbortError'
}

/**
 * The signal of this process. Listening starts with the first look at it: a script that never looks keeps the system's default,
 * to end at once, also while it computes without a pause.
 */
export function abortSignal(): AbortSignal {
  if (!listening && isMainThread) {
    listening = true
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => controller.abort(new RunAborted(`The run was asked to stop (${name}).`)))
    }
  }
  return controller.signal
}

/** Whether a stop was asked for and noticed. */
export const isAborting = (): boolean => controller.signal.aborted
