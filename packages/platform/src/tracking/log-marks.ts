/** From `at` (bytes into a piece of output) on, the bytes were seen at `timeMs`. */
export interface LogMark {
  at: number
  timeMs: number
}

/**
 * The marks of a piece after its first, as pairs of variable-length integers: bytes since the mark before, milliseconds since it
 * (a clock may be set back, so the sign goes into the lowest bit). The first mark is the row's time, at 0.
 */
export function encodeMarks(marks: readonly LogMark[]): Uint8Array {
  const bytes: number[] = []
  for (let index = 1; index < marks.length; index++) {
    const mark = marks[index]!
    const before = marks[index - 1]!
    const laterMs = mark.timeMs - before.timeMs
    pushInteger(bytes, mark.at - before.at)
    pushInteger(bytes, laterMs >= 0 ? laterMs * 2 : laterMs * -2 - 1)
  }
  return Uint8Array.from(bytes)
}

export function decodeMarks(firstTimeMs: number, bytes: Uint8Array): LogMark[] {
  const marks: LogMark[] = [{ at: 0, timeMs: firstTimeMs }]
  const cursor = { at: 0 }
  while (cursor.at < bytes.length) {
    const before = marks.at(-1)!
    const at = before.at + readInteger(bytes, cursor)
    const later = readInteger(bytes, cursor)
    marks.push({ at, timeMs: before.timeMs + (later % 2 === 0 ? later / 2 : -(later + 1) / 2) })
  }
  return marks
}

/** Seven bits a byte, lowest first; all but the last byte have the highest bit set. */
function pushInteger(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
}

function readInteger(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[cursor.at++] ?? 0
    value += (byte % 128) * factor
    if (byte < 128) return value
  }
}
