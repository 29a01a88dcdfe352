import type { JsonValue } from '@trainyard/contract'
import type { HyperParameter } from './distributions.ts'

/** The rows of a parameter file: one iteration each. Every row has the same keys, and `length` is at least 1. */
export interface ParameterRows {
  readonly keys: readonly string[]
  readonly length: number
  /** From 0 on. An empty cell of a CSV file leaves its key out, so that the handler's default holds. */
  row(index: number): Record<string, JsonValue>
}

export type ParameterFile =
  | { kind: 'rows'; rows: ParameterRows }
  /** Key to list or distribution: goes with every strategy. */
  | { kind: 'lists'; hyperParameters: Record<string, HyperParameter> }

/**
 * Rows as the bytes they were read from, and where each starts: a million rows cost the file's size and 8 MB, where a million
 * objects cost ten times that. A row is parsed when it is asked for.
 */
export class PackedRows {
  readonly #bytes: Uint8Array
  #starts = new Float64Array(1024)
  #length = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#length
  }

  /** Rows are added in order; the end of one is the start of the next. */
  add(start: number): void {
    if (this.#length === this.#starts.length) {
      const grown = new Float64Array(this.#starts.length * 2)
      grown.set(this.#starts)
      this.#starts = grown
    }
    this.#starts[this.#length++] = start
  }

  text(index: number): string {
    if (!(index >= 0 && index < this.#length)) throw new RangeError(`row ${index} of ${this.#length}`)
    const end = index + 1 < this.#length ? this.#starts[index + 1] : undefined
    return Buffer.from(this.#bytes.subarray(this.#starts[index], end)).toString('utf8')
  }
}
