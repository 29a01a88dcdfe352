import { useSyncExternalStore } from 'react'
import { formatAge, formatDuration, momentTitle } from '../format/time.ts'

let nowMs = Date.now()
const listeners = new Set<() => void>()
setInterval(() => {
  if (document.hidden) return
  nowMs = Date.now()
  for (const listener of listeners) listener()
}, 1_000)
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** One clock for all that ticks. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => nowMs)

export function Age({ atMs }: { atMs: number }) {
  const text = useSyncExternalStore(subscribe, () => formatAge(atMs, nowMs))
  // Only whom the pointer asks spells the moment out: formatting two for each row that scrolls by is felt.
  return <time onPointerEnter={(event) => (event.currentTarget.title = momentTitle(atMs))}>{text}</time>
}

/** How long it took, or takes already. */
export function Took({ startedAtMs, endedAtMs }: { startedAtMs: number | null; endedAtMs: number | null }) {
  const text = useSyncExternalStore(subscribe, () =>
    startedAtMs === null ? '–' : formatDuration((endedAtMs ?? Math.max(nowMs, startedAtMs)) - startedAtMs),
  )
  return <span>{text}</span>
}
