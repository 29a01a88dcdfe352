import { isAppError, type JournalEnd, type JournalStart, type RunExit } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { JournalEntryName, JournalIngest } from '../tracking/tracking.ts'
import { type Conclusion, concludeRun } from './conclude.ts'
import type { Execution } from './execution.ts'
import { Follower } from './follower.ts'
import { type JournalFacts, scanJournals } from './journal-scan.ts'
import type { RunDirectory } from './run-directory.ts'
import { checkArtifactPath, locateSpooled } from './spooled-artifact.ts'

export interface CarriedRun {
  id: string
  project: string
  iteration: number
  outPath: string
}

export interface CarrierEvents {
  onOutput?(bytes: Uint8Array): void | Promise<void>
  onMetrics?(points: JournalIngest['metrics']): void
  /** Every point of the watched metric. */
  onWatched?(points: JournalIngest['watched']): void
  onProblem?(message: string): void
  /** The harness has begun: what it is. */
  onStart?(start: JournalStart): void
  /** Children that the script makes itself. */
  onChildren?(children: JournalIngest['children']): void
}

interface StoredBytes {
  target: string
  sizeBytes?: number
  sha256?: string
}

type ArtifactRequest = JournalIngest['artifacts'][number]

export interface CarrierOptions extends CarrierEvents {
  run: CarriedRun
  directory: RunDirectory
  /** Nothing was ever stored for the run. */
  fresh: boolean
  /** A metric whose points `onWatched` wants. */
  watch?: string
}

/** A key as it may stand in a sentence. */
// oxlint-disable-next-line no-control-regex
const printable = (key: string): string => key.slice(0, 100).replaceAll(/[\u0000-\u001f\u007f]/g, '?')

/**
 * Carries one run from its directory into the records: metrics and output through the follower, artifacts to the out path,
 * children made by the script. The same object serves a live run, a forked iteration and the adoption of an orphan.
 */
export class RunCarrier {
  readonly #execution: Execution
  readonly #run: CarriedRun
  readonly #directory: RunDirectory
  readonly #events: CarrierEvents
  readonly #follower: Follower
  #placing: Promise<void> = Promise.resolve()
  /** The records refused an artifact: its request stays pending for whoever takes the run over. */
  #failure: { error: unknown } | undefined
  start: JournalStart | undefined
  end: JournalEnd | undefined
  /** The child that the script marked as best. */
  best: JournalIngest['best'][number] | undefined
  problemCount = 0

  constructor(execution: Execution, options: CarrierOptions) {
    this.#execution = execution
    this.#run = options.run
    this.#directory = options.directory
    this.#events = options
    this.#follower = new Follower({
      runId: options.run.id,
      directory: options.directory,
      tracking: execution.tracking,
      clock: execution.clock,
      fresh: options.fresh,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
      onIngest: (part) => this.#take(part),
      onTrouble: (error) => options.onProblem?.(`${messageOf(error)} (tried again every second)`),
    })
  }

  follow(): void {
    this.#follower.start()
  }

  /** Takes what is left after the process ended and says what the run's end means. The record itself is not touched. */
  async finish(exit: RunExit, because?: string): Promise<Conclusion> {
    await this.#takeRest()
    return concludeRun(exit, this.end, because)
  }

  /** As `finish`, for a run whose supervisor died: also acts on what that one took in and had no time to act on. Idempotent. */
  async catchUp(): Promise<JournalFacts> {
    await this.actOnPending()
    await this.#takeRest()
    const facts = await scanJournals(this.#directory)
    this.start = facts.start
    this.end = facts.end
    return facts
  }

  /** Artifacts, children and the best mark that were taken in and never settled. */
  async actOnPending(): Promise<void> {
    const pending = await this.#execution.tracking.journals.pending(this.#run.id)
    const children: JournalIngest['children'] = []
    for (const { body, type, ...name } of pending) {
      if (type === 'artifact') this.#placeLater({ ...body, ...name })
      else if (type === 'child') children.push({ ...body, ...name })
      else if (type === 'best') this.best = { ...body, ...name }
      else await this.#settle(name)
    }
    if (children.length > 0) this.#events.onChildren?.(children)
  }

  async #takeRest(): Promise<void> {
    await this.#follower.finish()
    await this.#placing
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #take(part: JournalIngest): Promise<void> {
    if (part.start !== undefined && this.start === undefined) {
      this.start = part.start
      this.#events.onStart?.(part.start)
    }
    this.end = part.end ?? this.end
    this.best = part.best.at(-1) ?? this.best
    if (part.children.length > 0) this.#events.onChildren?.(part.children)
    this.problemCount += part.problems.length
    for (const problem of part.problems) this.#events.onProblem?.(problem)
    if (part.metrics.length > 0) this.#events.onMetrics?.(part.metrics)
    if (part.watched.length > 0) this.#events.onWatched?.(part.watched)
    // One after the other, beside the metrics: a slow upload must not hold up what the script logs meanwhile.
    for (const artifact of part.artifacts) this.#placeLater(artifact)
    for (const commit of part.commits) await this.#settle(commit)
  }

  #placeLater(artifact: ArtifactRequest): void {
    this.#placing = this.#placing
      .then(() => this.#place(artifact))
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
  }

  #settle({ journal, sequence }: JournalEntryName): Promise<void> {
    return this.#execution.tracking.journals.settle(this.#run.id, [{ journal, sequence }])
  }

  async #place(artifact: ArtifactRequest): Promise<void> {
    const { file, url, elsewhere, path, timeMs, journal, sequence, ...described } = artifact
    const { artifacts } = this.#execution.tracking
    if (elsewhere === true && (await this.#isRecorded(artifact))) return this.#settle(artifact)
    let stored: StoredBytes
    try {
      stored = elsewhere === true && url !== undefined ? await this.#lookAt(url) : await this.#store(file, url, path)
    } catch (error) {
      return this.#refuse(artifact, error)
    }
    try {
      await artifacts.add({
        ...described,
        ...stored,
        runId: this.#run.id,
        project: this.#run.project,
        iteration: this.#run.iteration,
        createdAtMs: timeMs,
        settles: { journal, sequence },
      })
    } catch (error) {
      // A name that cannot be kept is the script's mistake; records that cannot be written are trouble for the whole run.
      if (!isAppError(error, 'invalid_argument')) throw error
      await this.#refuse(artifact, error)
    }
  }

  /** The script goes on, and the run tells it at the end. */
  async #refuse({ key, journal, sequence }: ArtifactRequest, error: unknown): Promise<void> {
    const message = `artifact "${printable(key)}" could not be stored: ${messageOf(error)}`
    this.problemCount++
    this.#events.onProblem?.(message)
    await Promise.all([this.#execution.tracking.runs.addProblem(this.#run.id, message), this.#settle({ journal, sequence })])
  }

  async #isRecorded({ key, url }: ArtifactRequest): Promise<boolean> {
    const recorded = await this.#execution.tracking.artifacts.ofRun(this.#run.id)
    return recorded.some((artifact) => artifact.key === key && artifact.target === url)
  }

  /** What can be told of bytes that another machine may be alone in reaching. */
  async #lookAt(target: string): Promise<StoredBytes> {
    return { target, ...(await this.#execution.places.describe(target).catch(() => undefined)) }
  }

  async #store(file: string | undefined, url: string | undefined, path: string): Promise<StoredBytes> {
    const { places } = this.#execution
    if (file === undefined) {
      const target = url ?? path
      return { target, ...(await places.describe(target)) }
    }
    const target = `${this.#run.outPath}/${checkArtifactPath(path)}`
    return { target, ...(await places.moveIn(await locateSpooled(this.#directory, file), target)) }
  }
}
