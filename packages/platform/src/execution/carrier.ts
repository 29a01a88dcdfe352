import { join } from 'node:path'
import type { JournalArtifact, JournalEnd, JournalStart, RunExit } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { JournalIngest } from '../tracking/tracking.ts'
import { type Conclusion, concludeRun } from './conclude.ts'
import type { Execution } from './execution.ts'
import { Follower } from './follower.ts'
import { type JournalFacts, scanJournals } from './journal-scan.ts'
import type { RunDirectory } from './run-directory.ts'

export interface CarriedRun {
  id: string
  project: string
  iteration: number
  outPath: string
}

export interface CarrierEvents {
  onOutput?(bytes: Uint8Array): void | Promise<void>
  onMetrics?(points: JournalIngest['metrics']): void
  onProblem?(message: string): void
  /** The harness has begun: what it is. */
  onStart?(start: JournalStart): void
  /** Children that the script makes itself. */
  onChildren?(children: JournalIngest['children']): void
}

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
  start: JournalStart | undefined
  end: JournalEnd | undefined
  /** The child that the script marked as best. */
  best: { id: string; iteration: number } | undefined
  problemCount = 0

  constructor(execution: Execution, options: { run: CarriedRun; directory: RunDirectory; fresh: boolean } & CarrierEvents) {
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
      ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
      onIngest: (part) => this.#take(part),
    })
  }

  follow(): void {
    this.#follower.start()
  }

  /** Takes what is left after the process ended and says what the run's end means. The record itself is not touched. */
  async finish(exit: RunExit, because?: string): Promise<Conclusion> {
    await this.#follower.finish()
    await this.#placing
    return concludeRun(exit, this.end, because)
  }

  /** As `finish`, for a run whose supervisor died: acts again on everything its journals say. Idempotent. */
  async catchUp(): Promise<JournalFacts> {
    await this.#follower.finish()
    const facts = await scanJournals(this.#directory)
    this.start = facts.start
    this.end = facts.end
    this.best = facts.best.at(-1)
    const recorded = await this.#execution.tracking.artifacts.ofRun(this.#run.id)
    for (const artifact of facts.artifacts) {
      if (recorded.some(({ key, createdAtMs }) => key === artifact.key && createdAtMs === artifact.timeMs)) continue
      this.#placing = this.#placing.then(() => this.#place(artifact))
    }
    await this.#placing
    return facts
  }

  #take(part: JournalIngest): void {
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
    // One after the other, beside the metrics: a slow upload must not hold up what the script logs meanwhile.
    for (const artifact of part.artifacts) this.#placing = this.#placing.then(() => this.#place(artifact))
  }

  async #place(artifact: JournalArtifact & { timeMs: number }): Promise<void> {
    const { file, url, path, timeMs, ...described } = artifact
    try {
      const stored = await this.#store(file, url, path)
      await this.#execution.tracking.artifacts.add({
        ...described,
        ...stored,
        runId: this.#run.id,
        project: this.#run.project,
        iteration: this.#run.iteration,
        createdAtMs: timeMs,
      })
    } catch (error) {
      const message = `artifact "${artifact.key}" could not be stored: ${messageOf(error)}`
      this.problemCount++
      this.#events.onProblem?.(message)
      await this.#execution.tracking.runs.addProblem(this.#run.id, message)
    }
  }

  async #store(
    file: string | undefined,
    url: string | undefined,
    path: string,
  ): Promise<{ target: string; sizeBytes?: number; sha256?: string }> {
    const { places } = this.#execution
    if (file === undefined) {
      const target = url ?? path
      return { target, ...(await places.describe(target)) }
    }
    const target = `${this.#run.outPath}/${path}`
    return { target, ...(await places.moveIn(join(this.#directory.path, file), target)) }
  }
}
