import type { RunRecord } from '@trainyard/contract'
import type { Execution } from './execution.ts'

const everyMs = 2000

/** One listener for the process, however many runs it watches. */
const listeners = new Set<() => void>()
const lookAll = (): void => {
  for (const look of listeners) look()
}

/**
 * While runs are watched: keeps their heartbeat fresh and notices when somebody asked for an abort in the records. An abort
 * command also sends SIGUSR2 to the watching process, so that it looks at once.
 */
export function watchForAbort(
  execution: Execution,
  options: { runIds: () => readonly string[]; onAbort: (run: RunRecord) => void; onFailure: (error: unknown) => void },
): Disposable {
  let busy = false
  const look = async (): Promise<void> => {
    if (busy) return
    busy = true
    try {
      for (const run of await execution.tracking.runs.getMany(options.runIds())) {
        if (run.state === 'aborting') options.onAbort(run)
        else if (run.state === 'running' && run.supervisor?.pid === process.pid) {
          // Compare-and-set: a run that has ended meanwhile, or was taken over, must not get its supervisor back.
          const next = { ...run.supervisor, heartbeatAtMs: execution.clock.nowMs() }
          await execution.tracking.runs.claim(run.id, { expected: run.supervisor, next })
        }
      }
    } finally {
      busy = false
    }
  }
  const lookNow = (): void => void look().catch(options.onFailure)
  const timer = setInterval(lookNow, everyMs)
  timer.unref()
  listeners.add(lookNow)
  if (listeners.size === 1) process.on('SIGUSR2', lookAll)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      listeners.delete(lookNow)
      if (listeners.size === 0) process.off('SIGUSR2', lookAll)
    },
  }
}
