import type { FastifyReply } from 'fastify'
import { toJson } from './json.ts'

export interface SentEvent {
  id?: string
  event: string
  data: unknown
}

/** An answer of server-sent events. Nothing piles up: whoever writes waits while the listener is slow. */
export class EventStream {
  readonly #raw: FastifyReply['raw']
  #sentAtMs = performance.now()

  constructor(reply: FastifyReply) {
    // Headers that were set before, such as those of the guard, would be forgotten with the reply.
    const headers = reply.getHeaders()
    reply.hijack()
    this.#raw = reply.raw
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.#raw.setHeader(name, value)
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    })
    // So that a listener knows at once that it is heard.
    this.#raw.write(': listening\n\n')
  }

  async send(events: readonly SentEvent[]): Promise<void> {
    for (const { id, event, data } of events)
      await this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${toJson(data)}\n\n`)
  }

  /** Says something when nothing was said for a while, so that whatever lies between does not cut the line. */
  async keepAlive(): Promise<void> {
    if (performance.now() - this.#sentAtMs >= sayHelloEveryMs) await this.#write(': still here\n\n')
  }

  end(): void {
    this.#raw.end()
  }

  async #write(text: string): Promise<void> {
    this.#sentAtMs = performance.now()
    if (this.#raw.destroyed || this.#raw.write(text)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#raw.off('drain', done).off('close', done)
        resolve()
      }
      this.#raw.once('drain', done).once('close', done)
    })
  }
}

export const sayHelloEveryMs = 15_000
