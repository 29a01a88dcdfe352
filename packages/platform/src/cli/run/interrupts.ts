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
  const onSignal = (name: NodeJS.Signals): void => {
    count++
    const how = name === 'SIGINT' ? 'Ctrl-C' : name
    const reason = `aborted by ${cli.config.userName} (${how})`
    controller.abort(reason)
    cli.note(count === 1 ? 'Stopping; Ctrl-C again kills.' : 'Killing.')
    job?.stop({ reason, graceMs: count === 1 ? politeGraceMs : 0 })
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    watch(next) {
      job = next
    },
    [Symbol.dispose]() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
