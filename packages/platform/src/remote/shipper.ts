import { setTimeout as delay } from 'node:timers/promises'
import { isAppError, isEnded } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { Tracking } from '../tracking/index.ts'
import type { Outbox } from './outbox.ts'
import type { RemoteServer } from './remote-server.ts'
import { RunSender } from './run-sender.ts'

export interface ShipperOptions {
  tracking: Tracking
  remote: RemoteServer
  outbox: Outbox
  /** Somebody on the server wants the run to stop. */
  onAsked: (runId: string, reason: string) => void
  /** The server cannot be reached, or refuses a run: told once for each reason. */
  onTrouble: (sentence: string) => void
}

const everyMs = 1_000
const longestPauseMs = 30_000
/** Runs of one sweep that are sent side by side. */
const atOnce = 4

/**
 * Sends runs of this data directory to a server while they work, and what is left when they have ended. The server may be away: then
 * everything waits in the records, and whoever comes next goes on.
 */
export class Shipper {
  readonly #options: ShipperOptions
  readonly #senders = new Map<string, RunSender>()
  readonly #complete = new Set<string>()
  readonly #told = new Set<string>()

  constructor(options: ShipperOptions) {
    this.#options = options
  }

  /** Sends what there is of a run and of those below it, again and again, until `signal`. Never fails. */
  async follow(runId: string, { signal }: { signal: AbortSignal }): Promise<void> {
    let pauseMs = everyMs
    while (!signal.aborted) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      pauseMs = (await this.#attempt(runId)) ? everyMs : Math.min(longestPauseMs, pauseMs * 2)
    }
  }

  /**
   * Sends the rest of a run that has ended, for at most `patienceMs` while the server is away. True when everything has arrived: then
   * the run leaves the outbox.
   */
  async finish(runId: string, { patienceMs }: { patienceMs: number }): Promise<boolean> {
    for (const startedMs = performance.now(); ; await delay(everyMs)) {
      if ((await this.#attempt(runId)) && this.#complete.has(runId)) return true
      if (performance.now() - startedMs >= patienceMs) return false
    }
  }

  /** False when something is still to be sent, or cannot be. */
  async #attempt(runId: string): Promise<boolean> {
    try {
      await this.#send(runId)
      return true
    } catch (error) {
      if (!isAppError(error)) throw error
      const isRefused = error.code !== 'unavailable' && error.code !== 'storage'
      this.#tell(isRefused ? `The server does not take run ${runId.slice(0, 12)}: ${messageOf(error)}` : messageOf(error))
      // What it does not want now it will not want later.
      if (isRefused && error.code !== 'permission_denied') this.#drop(runId)
      return false
    }
  }

  #tell(sentence: string): void {
    if (this.#told.has(sentence)) return
    this.#told.add(sentence)
    this.#options.onTrouble(sentence)
  }

  #drop(runId: string): void {
    this.#options.outbox.remove(runId)
    this.#complete.add(runId)
  }

  /** A run, then those below it: their records name it as parent. */
  async #send(runId: string): Promise<void> {
    const { tracking, outbox } = this.#options
    const run = await tracking.runs.find(runId)
    if (!run) {
      // It was removed before it was sent.
      outbox.remove(runId)
      this.#complete.add(runId)
      return
    }
    // Looked at first: what ends while it is sent is sent once more.
    const hadEnded = isEnded(run.state)
    await this.#sendOne(runId, { links: false })
    for (let parents = [runId]; parents.length > 0;) {
      const children = (await Promise.all(parents.map((id) => tracking.runs.childIds(id)))).flat()
      const left = children.filter((id) => !this.#complete.has(id))
      await inParallel(left, atOnce, async (id) => {
        if (await this.#sendOne(id, { links: hadEnded })) this.#complete.add(id)
      })
      parents = children
    }
    if (!hadEnded) return
    // A sweep shows the artifacts of its best iteration: they are there now.
    await this.#sendOne(runId, { links: true })
    outbox.remove(runId)
    this.#complete.add(runId)
  }

  /** True when it has ended and all of it is there. */
  async #sendOne(runId: string, options: { links: boolean }): Promise<boolean> {
    let sender = this.#senders.get(runId)
    if (!sender) {
      sender = new RunSender(this.#options.tracking, this.#options.remote, runId)
      this.#senders.set(runId, sender)
    }
    const { isComplete, asked } = await sender.ship(options)
    if (asked !== null) this.#options.onAsked(runId, asked)
    return isComplete
  }
}

async function inParallel<Item>(items: readonly Item[], limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: limit }, lane))
}
