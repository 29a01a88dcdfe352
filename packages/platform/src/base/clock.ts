/** The one place that reads the wall clock; tests hand in their own. */
export interface Clock {
  nowMs(): number
}

let lastMs = 0

/**
 * Wall-clock milliseconds that never go backwards within this process: a clock set back during a run must not make it end
 * before it started.
 */
export const systemClock: Clock = {
  nowMs() {
    lastMs = Math.max(lastMs, Date.now())
    return lastMs
  },
}
