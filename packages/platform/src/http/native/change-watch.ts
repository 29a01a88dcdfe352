import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from '../../registry/index.ts'
import type { Tracking } from '../../tracking/index.ts'

/** How far the records and the registry have got. */
export interface Mark {
  readonly records: number
  readonly registry: number
}

/** Tells waiting requests that something changed, whichever process changed it. Looks only while somebody waits. */
export interface ChangeWatch {
  now(): Promise<Mark>
  /** Resolves when there is more than the mark, after `timeoutMs`, or when the signal says so. */
  moved(since: Mark, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>
}

/** One look costs two indexed reads, 20 µs; shared by all who wait. */
const lookEveryMs = 150

export function createChangeWatch(tracking: Tracking, registry: Registry): ChangeWatch {
  let looking: Promise<Mark> | undefined
  const read = async (): Promise<Mark> => ({
    records: await tracking.changes.latest(),
    registry: await registry.history.latest(),
  })
  const look = (): Promise<Mark> => {
    looking ??= read().finally(() => {
      looking = undefined
    })
    return looking
  }
  return {
    now: read,
    async moved(since, { timeoutMs, signal }) {
      const until = performance.now() + timeoutMs
      while (!signal.aborted) {
        const mark = await look()
        if (mark.records > since.records || mark.registry > since.registry) return
        const leftMs = until - performance.now()
        if (leftMs <= 0) return
        await sleep(Math.min(lookEveryMs, leftMs), undefined, { signal }).catch(() => undefined)
      }
    },
  }
}
