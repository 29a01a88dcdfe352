/** Run ids are 32 lowercase hex digits: a version 7 UUID (RFC 9562) without dashes, so they sort by creation time. */
export const runIdPattern = /^[0-9a-f]{32}$/

/**
 * Ten random bytes. Ids have to be unique, not secret, so the ordinary generator does (each process seeds its own from the system):
 * the first use of the cryptographic one costs 9 ms, before a run's process can be started.
 */
const tenRandomBytes = (): Uint8Array => Uint8Array.from({ length: 10 }, () => Math.floor(Math.random() * 256))

let lastMs = 0
const mostAheadMs = 60_000

/** The next free millisecond: people name runs by their first twelve digits, which are the time, and many runs begin in one millisecond. */
function freeMs(nowMs: number): number {
  lastMs = nowMs <= lastMs && lastMs - nowMs < mostAheadMs ? lastMs + 1 : Math.floor(nowMs)
  return lastMs
}

/** Ids of one process differ in their first twelve digits, and sort in the order they were made. */
export const newRunId = (nowMs: number, given?: Uint8Array): string => {
  const random = given ?? tenRandomBytes()
  const time = (given === undefined ? freeMs(nowMs) : Math.floor(nowMs)).toString(16).padStart(12, '0')
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const variant = ((Number.parseInt(tail[3]!, 16) & 0x3) | 0x8).toString(16)
  return `${time}7${tail.slice(0, 3)}${variant}${tail.slice(4, 19)}`
}
