import type { LogChunk } from './tracking.ts'

/** A line of output as a terminal shows it. */
export interface LogLine {
  /** Of its first byte in the log. */
  offset: number
  /** When its first byte was seen. */
  timeMs: number
  /** Without its newline. Bytes that are not UTF-8 are shown as the replacement character. */
  text: string
  /** False for a part of a long line that goes on, and for a last line without newline. */
  isComplete: boolean
}

/** Longer lines come in parts, so that one of 100 MB needs no more memory than this. */
const largestPartBytes = 1024 * 1024

const newline = 10

/** The lines of a log read from the start of one. For display only: what is stored stays as it is. */
export async function* readLines(chunks: AsyncIterable<LogChunk>): AsyncGenerator<LogLine> {
  const open = new OpenLine()
  for await (const { offset, timeMs, bytes } of chunks) {
    for (let at = 0; at < bytes.length;) {
      const found = bytes.subarray(at, at + largestPartBytes - open.sizeBytes).indexOf(newline)
      const end = found < 0 ? Math.min(bytes.length, at + largestPartBytes - open.sizeBytes) : at + found
      open.add(bytes.subarray(at, end), { offset: offset + at, timeMs })
      at = found < 0 ? end : end + 1
      if (found >= 0) yield open.finish(true)
      else if (open.sizeBytes === largestPartBytes) yield open.finish(false)
    }
  }
  if (open.sizeBytes > 0) yield open.finish(false)
}

class OpenLine {
  sizeBytes = 0
  #parts: Uint8Array[] = []
  #start: { offset: number; timeMs: number } | undefined
  /** Keeps a letter that is cut in two at the end of a part for the next. */
  #decoder = new TextDecoder()

  add(bytes: Uint8Array, start: { offset: number; timeMs: number }): void {
    this.#start ??= start
    this.#parts.push(bytes)
    this.sizeBytes += bytes.length
  }

  finish(isComplete: boolean): LogLine {
    const line = { ...this.#start!, text: this.#decoder.decode(Buffer.concat(this.#parts), { stream: !isComplete }), isComplete }
    this.#parts = []
    this.sizeBytes = 0
    this.#start = undefined
    return line
  }
}
