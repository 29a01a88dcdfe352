import type { RunningJob } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'

const politeGraceMs = 10_000

export interface Interrupts extends Disposable {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** The work that signals stop from now on. */
  watch(job: Pick<RunningJob, 'stop'>): void
}

/**
 * Ctrl-C once asks the work to stop and records it; twice kills. SIGTERM and a closed terminal count as the first. The work runs
 * in a process group of its own, so that only this program sees the terminal's signals.
 */
export function takeInterrupts(cli: Cli): Interrupts {
  const controller = new AbortController()
  let job: Pick<RunningJob, 'stop'> | undefined
  let count = 0
  let reason = ''
  const stop = (): void => job?.stop({ reason, graceMs: count === 1 ? politeGraceMs : 0 })
  const onSignal = (name: NodeJS.Signals): void => {
    count++
    if (count === 1) reason = `aborted by ${cli.config.userName} (${name === 'SIGINT' ? 'Ctrl-C' : name})`
    controller.abort(reason)
    cli.note(count === 1 ? 'Stopping; Ctrl-C again kills.' : 'Killing.')
    stop()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    watch(next) {
      job = next
      // It came while the work was still being prepared.
      if (count > 0) stop()
    },
    [Symbol.dispose]() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
