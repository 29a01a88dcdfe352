import type { Connection } from './connection.ts'
import { untilAnswered } from './until-answered.ts'

const waitMs = 25_000

/** What one run printed. */
export class RemoteLogs {
  readonly #connection: Connection
  readonly #path: { run: string }

  constructor(connection: Connection, run: string) {
    this.#connection = connection
    this.#path = { run }
  }

  /** All of it, or some of its bytes (`end` not included), as they come. */
  async bytes(range: { start?: number; end?: number } = {}): Promise<ReadableStream<Uint8Array>> {
    const answer = await this.#connection.open('getOutputBytes', { path: this.#path, headers: rangeHeader(range) })
    return answer.body ?? new ReadableStream({ start: (controller) => controller.close() })
  }

  async text(): Promise<string> {
    return await new Response(await this.bytes()).text()
  }

  /**
   * Pieces of text, live, until the run has ended and everything is told, whatever connections are lost and servers restarted on the
   * way. Whole characters, not whole lines.
   */
  async *follow({ offset = 0, signal }: { offset?: number; signal?: AbortSignal } = {}): AsyncGenerator<string, void> {
    let next = offset
    // oxlint-disable-next-line eslint/no-unmodified-loop-condition -- A signal changes by itself.
    while (!signal?.aborted) {
      const query = { offset: next, waitMs }
      const piece = await untilAnswered(() => this.#connection.call('getOutput', { path: this.#path, query, signal }), signal)
      if (!piece) return
      if (piece.text !== '') yield piece.text
      next = piece.next
      if (piece.ended) return
    }
  }
}

export const rangeHeader = ({ start, end }: { start?: number; end?: number }): Record<string, string> =>
  start === undefined && end === undefined ? {} : { range: `bytes=${start ?? 0}-${end === undefined ? '' : end - 1}` }
