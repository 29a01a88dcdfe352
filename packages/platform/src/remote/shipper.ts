import { setTimeout as delay } from 'node:timers/promises'
import { isAppError, isEnded } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { Registry } from '../registry/index.ts'
import type { Tracking } from '../tracking/index.ts'
import type { Traces } from '../traces/index.ts'
import type { Outbox } from './outbox.ts'
import { RecordRefused, type RemoteServer } from './remote-server.ts'
import { RunSender } from './run-sender.ts'
import type { SentPlaces } from './sent-files.ts'

export interface ShipperOptions {
  tracking: Tracking
  registry: Registry
  traces: Traces
  places: SentPlaces
  remote: RemoteServer
  outbox: Outbox
  /** Somebody on the server wants the run to stop. */
  onAsked: (runId: string, reason: string) => void
  /** The server cannot be reached, does not take a run now, or never will: told once for each reason. */
  onTrouble: (sentence: string) => void
}

/**
 * `arrived`: the server has counted all of it. `waiting`: something is still to be sent, and the run is in the outbox. `refused`: the
 * server takes no record of the run, ever; it has left the outbox, which is told and noted among the problems of the run here.
 */
export type ShipmentEnd = 'arrived' | 'waiting' | 'refused'

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
  readonly #refused = new Set<string>()
  readonly #told = new Set<string>()
  /** Runs that have to do with models of others which were not there yet. */
  readonly #lacking = new Set<string>()

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

  /** Sends the rest of a run that has ended, for at most `patienceMs` while the server is away or does not take it now. */
  async finish(runId: string, { patienceMs }: { patienceMs: number }): Promise<ShipmentEnd> {
    for (const startedMs = performance.now(); ; await delay(everyMs)) {
      const isSent = await this.#attempt(runId)
      if (this.#refused.has(runId)) return 'refused'
      if (isSent && this.#complete.has(runId)) return 'arrived'
      if (performance.now() - startedMs >= patienceMs) return 'waiting'
    }
  }

  /** False when something is still to be sent. */
  async #attempt(runId: string): Promise<boolean> {
    if (this.#refused.has(runId)) return true
    try {
      await this.#send(runId)
      return true
    } catch (error) {
      if (!isAppError(error)) throw error
      const isAway = error.code === 'unavailable' || error.code === 'storage'
      this.#tell(isAway ? messageOf(error) : `The server does not take run ${runId.slice(0, 12)} now: ${messageOf(error)}`)
      return false
    }
  }

  #tell(sentence: string): void {
    if (this.#told.has(sentence)) return
    this.#told.add(sentence)
    this.#options.onTrouble(sentence)
  }

  /** For good: whoever looks at the run here must be able to see that it is not there. */
  async #giveUp(runId: string, reason: RecordRefused): Promise<void> {
    const { tracking, outbox, remote } = this.#options
    const sentence = `The server ${remote.url} does not take run ${runId.slice(0, 12)}, and it will not be sent again: ${messageOf(reason)}`
    await tracking.runs.addProblem(runId, sentence)
    this.#tell(sentence)
    this.#refused.add(runId)
    this.#complete.add(runId)
    outbox.remove(runId)
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
    if (this.#refused.has(runId)) return
    for (let parents = [runId]; parents.length > 0;) {
      const children = (await Promise.all(parents.map((id) => tracking.runs.childIds(id)))).flat()
      const left = children.filter((id) => !this.#complete.has(id))
      await inParallel(left, atOnce, async (id) => {
        if (await this.#sendOne(id, { links: hadEnded })) this.#complete.add(id)
      })
      // What is below a run that is not there cannot be either.
      parents = children.filter((id) => !this.#refused.has(id))
    }
    if (!hadEnded) return
    // Every model of the runs below is there now.
    const lacking = [...this.#lacking].filter((id) => id !== runId)
    this.#lacking.clear()
    for (const id of lacking) await this.#sendOne(id, { links: true })
    // A sweep shows the artifacts of its best iteration: they are there now.
    if (!(await this.#sendOne(runId, { links: true }))) return
    outbox.remove(runId)
    this.#complete.add(runId)
  }

  /** True when it has ended and all of it is there, or when none of it ever will be. */
  async #sendOne(runId: string, options: { links: boolean }): Promise<boolean> {
    let sender = this.#senders.get(runId)
    if (!sender) {
      const { tracking, registry, traces, places, remote } = this.#options
      const note = (sentence: string): Promise<void> => tracking.runs.addProblem(runId, sentence)
      sender = new RunSender({ tracking, registry, traces, places, remote, runId, note })
      this.#senders.set(runId, sender)
    }
    try {
      const { isComplete, lacksModels, asked } = await sender.ship(options)
      if (asked !== null) this.#options.onAsked(runId, asked)
      if (lacksModels) this.#lacking.add(runId)
      return isComplete
    } catch (error) {
      if (!(error instanceof RecordRefused)) throw error
      await this.#giveUp(runId, error)
      return true
    }
  }
}

async function inParallel<Item>(items: readonly Item[], limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: limit }, lane))
}
