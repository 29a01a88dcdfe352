import type { LogChunk } from '../tracking/tracking.ts'

const flushBytes = 256 * 1024
const flushAfterMs = 250

/**
 * Gathers small pieces of output into chunks worth a database row: a chunk is due when it holds 256 KiB or its first byte has
 * waited for 250 ms. Times are of the first byte of a chunk. A chunk stays until `settle`, so that a refused write can be repeated.
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
  due(nowMs: number, force: boolean): LogChunk | undefined {
    if (this.#sizeBytes === 0) return undefined
    // A clock that was set back says nothing about how long the bytes have waited.
    const waits = nowMs >= this.#firstAtMs && nowMs - this.#firstAtMs < flushAfterMs
    if (!force && this.#sizeBytes < flushBytes && waits) return undefined
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    this.#pieces = [bytes]
    return { offset: this.#offset, timeMs: this.#firstAtMs, bytes }
  }

  /** Call when everything added so far is stored. */
  settle(): void {
    this.#offset += this.#sizeBytes
    this.#pieces = []
    this.#sizeBytes = 0
  }
}
