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
  /** The store refuses (disk full): told once, tried again every second, thrown by `finish` when it still refuses then. */
  onTrouble?(error: unknown): void
}

export interface FollowerOptions extends FollowerEvents {
  runId: string
  directory: RunDirectory
  tracking: Tracking
  clock: Clock
  /** Nothing was ever stored for a new run, so its positions need not be asked for. */
  fresh: boolean
  /** A metric of which every point is wanted. */
  watch?: string
}

const journalPieceBytes = 4 << 20
/** The writer grows its file ahead of its text: a first look this small spares reading megabytes of zeros again and again. */
const firstLookBytes = 16 << 10
const outputPieceBytes = 1 << 20
const busyPollMs = 20
const idlePollMs = 120
const troubledPollMs = 1000

interface FollowedJournal {
  name: string
  tail: FileTail
}

/**
 * Carries a run's journals and output from its directory into the store while it runs, and whatever is left after it ended.
 * Positions live in the store, in the same transaction as what was taken, so a follower may die and another may go on anywhere.
 */
export class Follower {
  readonly #options: FollowerOptions
  readonly #journals = new Map<string, FollowedJournal>()
  #output: { tail: FileTail; buffer: OutputBuffer } | undefined
  #directoryChangedMs = -1
  #pollMs = busyPollMs
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #isTroubled = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Begins polling. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn(false)
        .then(
          (moved) => {
            this.#pollMs = moved ? busyPollMs : Math.min(idlePollMs, this.#pollMs * 1.5)
          },
          (error: unknown) => {
            this.#pollMs = troubledPollMs
            if (!this.#isTroubled) this.#options.onTrouble?.(error)
            this.#isTroubled = true
          },
        )
        .then(() => {
          if (this.#timer !== undefined) this.start()
        })
    }, this.#pollMs)
  }

  /** Call when the process has ended: takes everything that is left, then closes the files. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running
    try {
      while (await this.#turn(true)) {
        // Until nothing moves: what the process wrote last may span several pieces.
      }
    } finally {
      for (const journal of this.#journals.values()) journal.tail[Symbol.dispose]()
      this.#output?.tail[Symbol.dispose]()
    }
  }

  async #turn(last: boolean): Promise<boolean> {
    await this.#findJournals(last)
    const turns = await Promise.allSettled([
      ...[...this.#journals.values()].map((journal) => this.#takeJournal(journal, last)),
      this.#takeOutput(last),
    ])
    const refused = turns.find((turn) => turn.status === 'rejected')
    if (refused) throw refused.reason
    return turns.some((turn) => turn.status === 'fulfilled' && turn.value)
  }

  async #findJournals(last: boolean): Promise<void> {
    const { directory, fresh, runId, tracking } = this.#options
    const changedMs = statSync(directory.path, { throwIfNoEntry: false })?.mtimeMs ?? -1
    // Two files made within one tick of the file system's clock look like one change, so the last look is taken anyway.
    if (changedMs === this.#directoryChangedMs && !last) return
    for (const name of journalsIn(directory)) {
      if (this.#journals.has(name)) continue
      const offset = fresh ? 0 : (await tracking.journals.position(runId, name)).offset
      this.#journals.set(name, { name, tail: new FileTail(join(directory.path, name), offset) })
    }
    this.#directoryChangedMs = changedMs
  }

  /** One piece; grows the piece when a single line is longer than it. */
  async #takeJournal({ name, tail }: FollowedJournal, last: boolean): Promise<boolean> {
    const { onIngest, runId, tracking, watch } = this.#options
    for (let limitBytes = firstLookBytes; ; limitBytes = Math.max(journalPieceBytes, limitBytes * 4)) {
      const bytes = tail.peek(limitBytes)
      if (bytes === undefined || bytes[0] === 0) return false
      // Full of text: more may be there, and one larger transaction is cheaper than many.
      if (limitBytes === firstLookBytes && bytes.length === limitBytes && bytes.at(-1) !== 0) continue
      const part = await tracking.journals.ingest(runId, name, bytes, tail.offset, watch)
      tail.offset += part.consumedBytes
      if (part.consumedBytes > 0) await onIngest?.(part)
      if (part.consumedBytes > 0) return last || part.consumedBytes > journalPieceBytes / 2
      if (bytes.length < limitBytes || bytes.at(-1) === 0) return false
    }
  }

  async #takeOutput(last: boolean): Promise<boolean> {
    const { clock, directory, fresh, onOutput, runId, tracking } = this.#options
    if (this.#output === undefined) {
      const offset = fresh ? 0 : await tracking.logs.sizeBytes(runId)
      this.#output = { tail: new FileTail(directory.output, offset), buffer: new OutputBuffer(offset) }
    }
    const { tail, buffer } = this.#output
    // What was refused before comes first, so that no more than a piece waits in memory.
    await this.#storeOutput(buffer, false)
    const bytes = tail.peek(outputPieceBytes)
    if (bytes !== undefined) {
      tail.offset += bytes.length
      buffer.add(bytes, clock.nowMs())
      await onOutput?.(bytes)
    }
    await this.#storeOutput(buffer, last)
    return bytes !== undefined
  }

  async #storeOutput(buffer: OutputBuffer, force: boolean): Promise<void> {
    const chunk = buffer.due(this.#options.clock.nowMs(), force)
    if (chunk === undefined) return
    await this.#options.tracking.logs.append(this.#options.runId, [chunk])
    buffer.settle()
  }
}
