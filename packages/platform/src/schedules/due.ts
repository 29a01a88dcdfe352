import { nextTime } from './next-times.ts'
import type { ScheduleSettings } from './schedules.ts'

/** What is fired now of the times that have come, and how many were missed. */
export interface Due {
  /** Planned times, in order; those that come late are made up for. */
  fire: { plannedAtMs: number; isLate: boolean }[]
  missed: number
  /** Planned, without jitter; null when there is none left. */
  nextMs: number | null
}

/** A time that a busy server comes to within this is not a missed one. */
export const graceMs = 60_000
const mostMadeUp = 100
/** Missed times of a schedule that was left alone for years are not counted one by one. */
const mostCounted = 10_000

/**
 * Decides about a schedule whose planned time has come: `plannedAtMs` and every later time up to now. Pure.
 */
export function dueTimes(
  { timing, catchUp }: Pick<ScheduleSettings, 'timing' | 'catchUp'>,
  plannedAtMs: number,
  nowMs: number,
): Due {
  const recent: number[] = [plannedAtMs]
  let count = 1
  let next = nextTime(timing, plannedAtMs)
  while (next !== null && next <= nowMs && count < mostCounted) {
    recent.push(next)
    if (recent.length > mostMadeUp) recent.shift()
    count++
    next = nextTime(timing, next)
  }
  if (next !== null && next <= nowMs) next = nextTime(timing, nowMs)
  const isLate = (atMs: number): boolean => nowMs - atMs > graceMs
  const latest = recent.at(-1)!
  const chosen = catchUp === 'all' ? recent : catchUp === 'latest' || !isLate(latest) ? [latest] : []
  return {
    fire: chosen.map((atMs) => ({ plannedAtMs: atMs, isLate: isLate(atMs) })),
    missed: count - chosen.length,
    nextMs: next,
  }
}
