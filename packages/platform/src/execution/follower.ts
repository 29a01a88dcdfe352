import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { JournalIngest, Tracking } from '../tracking/tracking.ts'
import { OutputBuffer } from './output-buffer.ts'
import { FileTail, journalsIn, type RunDirectory } from './run-directory.ts'

/** What a run's process told through its journals. Parts arrive in order within one journal. */
export interface FollowerEvents {
  onOutput?(bytes: Uint8Array): void | Promise<void>
  onIngest?(part: JournalIngest): void | Promise<void>
}

const journalPieceBytes = 4 << 20
const outputPieceBytes = 1 << 20
const busyPollMs = 20
const idlePollMs = 120

interface FollowedJournal {
  name: string
  tail: FileTail
}

/**
 * Carries a run's journals and output from its directory into the store while it runs, and whatever is left after it ended.
 * Positions live in the store, in the same transaction as what was taken, so a follower may die and another may go on anywhere.
 */
export class Follower {
  readonly #runId: string
  readonly #directory: RunDirectory
  readonly #tracking: Tracking
  readonly #clock: Clock
  readonly #events: FollowerEvents
  readonly #journals = new Map<string, FollowedJournal>()
  #output: { tail: FileTail; buffer: OutputBuffer } | undefined
  #directoryChangedMs = -1
  #pollMs = busyPollMs
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failure: unknown
  /** Nothing was ever stored for a new run, so its positions need not be asked for. */
  readonly #fresh: boolean

  constructor(
    options: { runId: string; directory: RunDirectory; tracking: Tracking; clock: Clock; fresh: boolean } & FollowerEvents,
  ) {
    this.#runId = options.runId
    this.#directory = options.directory
    this.#tracking = options.tracking
    this.#clock = options.clock
    this.#fresh = options.fresh
    this.#events = options
  }

  /** Begins polling. A failure (disk full) stops the polling and is thrown by `finish`. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn(false).then(
        (moved) => {
          this.#pollMs = moved ? busyPollMs : Math.min(idlePollMs, this.#pollMs * 1.5)
          if (this.#timer !== undefined) this.start()
        },
        (error: unknown) => {
          this.#failure = error
        },
      )
    }, this.#pollMs)
  }

  /** Call when the process has ended: takes everything that is left, then closes the files. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running
    try {
      if (this.#failure !== undefined) throw this.#failure
      while (await this.#turn(true)) {
        // Until nothing moves: what the process wrote last may span several pieces.
      }
    } finally {
      for (const journal of this.#journals.values()) journal.tail[Symbol.dispose]()
      this.#output?.tail[Symbol.dispose]()
    }
  }

  async #turn(last: boolean): Promise<boolean> {
    await this.#findJournals()
    const moved = await Promise.all([...this.#journals.values()].map((journal) => this.#takeJournal(journal, last)))
    const output = await this.#takeOutput(last)
    return output || moved.some(Boolean)
  }

  async #findJournals(): Promise<void> {
    const changedMs = statSync(this.#directory.path, { throwIfNoEntry: false })?.mtimeMs ?? -1
    if (changedMs === this.#directoryChangedMs) return
    this.#directoryChangedMs = changedMs
    for (const name of journalsIn(this.#directory)) {
      if (this.#journals.has(name)) continue
      const offset = this.#fresh ? 0 : (await this.#tracking.journals.position(this.#runId, name)).offset
      this.#journals.set(name, { name, tail: new FileTail(join(this.#directory.path, name), offset) })
    }
  }

  /** One piece; grows the piece when a single line is longer than it. */
  async #takeJournal(journal: FollowedJournal, last: boolean): Promise<boolean> {
    for (let limitBytes = journalPieceBytes; ; limitBytes *= 4) {
      const bytes = journal.tail.peek(limitBytes)
      if (bytes === undefined) return false
      const part = await this.#tracking.journals.ingest(this.#runId, journal.name, bytes)
      journal.tail.offset += part.consumedBytes
      if (part.consumedBytes > 0) await this.#events.onIngest?.(part)
      if (part.consumedBytes > 0) return last || part.consumedBytes > journalPieceBytes / 2
      if (bytes.length < limitBytes) return false
    }
  }

  async #takeOutput(last: boolean): Promise<boolean> {
    if (this.#output === undefined) {
      const offset = this.#fresh ? 0 : await this.#tracking.logs.sizeBytes(this.#runId)
      this.#output = { tail: new FileTail(this.#directory.output, offset), buffer: new OutputBuffer(offset) }
    }
    const { tail, buffer } = this.#output
    const bytes = tail.peek(outputPieceBytes)
    if (bytes !== undefined) {
      tail.offset += bytes.length
      buffer.add(bytes, this.#clock.nowMs())
      await this.#events.onOutput?.(bytes)
    }
    const chunk = buffer.take(this.#clock.nowMs(), last)
    if (chunk !== undefined) await this.#tracking.logs.append(this.#runId, [chunk])
    return bytes !== undefined
  }
}
