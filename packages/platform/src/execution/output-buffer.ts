import type { LogChunk } from '../tracking/tracking.ts'

const flushBytes = 256 * 1024
const flushAfterMs = 250

/**
 * Gathers small pieces of output into chunks worth a database row: a chunk is due when it holds 256 KiB or its first byte has
 * waited for 250 ms. Times are of the first byte of a chunk.
 */
export class OutputBuffer {
  #pieces: Uint8Array[] = []
  #sizeBytes = 0
  #firstAtMs = 0
  #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  add(bytes: Uint8Array, nowMs: number): void {
    if (this.#sizeBytes === 0) this.#firstAtMs = nowMs
    this.#pieces.push(bytes)
    this.#sizeBytes += bytes.length
  }

  /** The chunk that is due now, or whatever there is with `force`. */
  take(nowMs: number, force: boolean): LogChunk | undefined {
    if (this.#sizeBytes === 0) return undefined
    if (!force && this.#sizeBytes < flushBytes && nowMs - this.#firstAtMs < flushAfterMs) return undefined
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    const chunk = { offset: this.#offset, timeMs: this.#firstAtMs, bytes }
    this.#offset += this.#sizeBytes
    this.#pieces = []
    this.#sizeBytes = 0
    return chunk
  }
}
