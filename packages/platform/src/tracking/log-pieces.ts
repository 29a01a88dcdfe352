import type { LogChunk } from './tracking.ts'
import type { LogMark } from './log-marks.ts'

/** Consecutive output with the times it was seen: what one row holds. */
export interface LogPiece {
  offset: number
  bytes: Uint8Array
  marks: LogMark[]
}

/** What of the chunks continues a log that ends at `size`, or the offset of the first byte that is missing between. */
export function continueLog(chunks: readonly LogChunk[], size: number): LogChunk[] | { gapAt: number } {
  const fresh: LogChunk[] = []
  let end = size
  for (const chunk of chunks) {
    if (chunk.offset > end) return { gapAt: chunk.offset }
    const known = end - chunk.offset
    if (known >= chunk.bytes.length) continue
    fresh.push(known === 0 ? chunk : { offset: end, timeMs: chunk.timeMs, bytes: chunk.bytes.subarray(known) })
    end = chunk.offset + chunk.bytes.length
  }
  return fresh
}

/** Consecutive chunks in pieces of at most `largest` bytes. */
export function packPieces(chunks: readonly LogChunk[], largest: number): LogPiece[] {
  const pieces: LogPiece[] = []
  let parts: LogChunk[] = []
  let size = 0
  const finish = () => {
    if (parts.length > 0) pieces.push(toPiece(parts))
    parts = []
    size = 0
  }
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.bytes.length;) {
      const bytes = chunk.bytes.subarray(at, at + largest - size)
      parts.push({ offset: chunk.offset + at, timeMs: chunk.timeMs, bytes })
      at += bytes.length
      size += bytes.length
      if (size === largest) finish()
    }
  }
  finish()
  return pieces
}

function toPiece(parts: readonly LogChunk[]): LogPiece {
  const offset = parts[0]!.offset
  const marks: LogMark[] = []
  for (const part of parts)
    if (part.timeMs !== marks.at(-1)?.timeMs) marks.push({ at: part.offset - offset, timeMs: part.timeMs })
  return { offset, marks, bytes: parts.length === 1 ? parts[0]!.bytes : Buffer.concat(parts.map((part) => part.bytes)) }
}

/** A piece, or some of its bytes from `from` bytes into it on, as one chunk for each time. */
export function* toChunks(
  marks: readonly LogMark[],
  part: { offset: number; from: number; bytes: Uint8Array },
): Generator<LogChunk> {
  const { offset, from, bytes } = part
  const end = from + bytes.length
  for (const [index, { at, timeMs }] of marks.entries()) {
    const start = Math.max(at, from)
    const stop = Math.min(marks[index + 1]?.at ?? Number.POSITIVE_INFINITY, end)
    if (stop > start) yield { offset: offset + start, timeMs, bytes: bytes.subarray(start - from, stop - from) }
  }
}
