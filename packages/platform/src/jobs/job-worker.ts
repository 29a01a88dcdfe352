import { setTimeout as sleep } from 'node:timers/promises'
import { hostname } from 'node:os'
import { ProcessStarter } from '../execution/index.ts'
import { claimJobs } from './claim-jobs.ts'
import { endOrphans, forgetOldJobs, giveUpWaiting, isAnyReady } from './job-upkeep.ts'
import type { JobRow } from './job-rows.ts'
import { leaseOwner } from './lease-owner.ts'
import { performJob } from './perform-job.ts'
import { settleJob } from './settle-job.ts'
import { claimAbandoned, takeOver } from './take-over.ts'
import type { AtWork, WorkerOptions } from './worker-options.ts'

/** A server's hands: takes jobs from the queue and sees them through, as long as it lives. */
export interface JobWorker {
  /** Something may be there to start: look now rather than soon. */
  wake(): void
  /** Jobs in its hands. */
  readonly running: ReadonlySet<string>
  /** Takes nothing more and lets go of what runs, which goes on: the next worker takes it over. */
  leave(): Promise<void>
}

const lookEveryMs = 1_000
const usualLeaseMs = 30_000
const upkeepEveryMs = 60_000

export function createJobWorker(options: WorkerOptions): JobWorker {
  const worker = new Worker(options)
  return { wake: () => worker.wake(), running: worker.running, leave: () => worker.leave() }
}

class Worker {
  readonly #options: AtWork
  readonly #owner: string
  readonly #leaseMs: number
  readonly #leaving = new AbortController()
  readonly #work: Promise<void>
  readonly running = new Set<string>()
  #waking = Promise.withResolvers<void>()
  #renewedMs = -Infinity
  #upkeptMs = -Infinity
  #gaveUpMs = -Infinity

  constructor(options: WorkerOptions) {
    const { signal } = this.#leaving
    this.#options = {
      ...options,
      starter: new ProcessStarter(),
      // What runs goes on without us, and is followed until this program ends; a database that is closed is no trouble then.
      onProblem: (error) => {
        if (!signal.aborted) options.onProblem(error)
      },
    }
    this.#leaseMs = options.leaseMs ?? usualLeaseMs
    this.#owner = leaseOwner(options.execution.clock.nowMs())
    process.on('SIGUSR2', this.wake)
    this.#work = this.#loop()
  }

  readonly wake = (): void => this.#waking.resolve()

  async leave(): Promise<void> {
    process.off('SIGUSR2', this.wake)
    this.#leaving.abort()
    this.wake()
    await this.#work
    if (this.running.size === 0) this.#options.starter[Symbol.dispose]()
  }

  async #loop(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      this.#waking = Promise.withResolvers<void>()
      try {
        await this.#look()
      } catch (error) {
        this.#options.onProblem(error)
      }
      const pause = sleep(lookEveryMs, undefined, { signal: this.#leaving.signal }).catch(() => {})
      await Promise.race([this.#waking.promise, pause])
    }
  }

  async #look(): Promise<void> {
    const { database, execution, capacity } = this.#options
    const nowMs = execution.clock.nowMs()
    const passedMs = performance.now()
    if (passedMs - this.#renewedMs > this.#leaseMs / 3) {
      await this.#renew(nowMs)
      for (const row of await claimAbandoned(database, this.#claimant(), nowMs)) this.#begin(row, takeOver)
      this.#renewedMs = passedMs
    }
    if (passedMs - this.#upkeptMs > upkeepEveryMs) {
      await endOrphans(database, nowMs)
      await forgetOldJobs(database, nowMs)
      this.#upkeptMs = passedMs
    }
    if (passedMs - this.#gaveUpMs > lookEveryMs) {
      await giveUpWaiting(this.#options, nowMs)
      this.#gaveUpMs = passedMs
    }
    // Most of the time there is nothing: a read costs no lock.
    if (!(await isAnyReady(database, nowMs))) return
    const { claimed, reasons } = await database.write((transaction) =>
      claimJobs(transaction, this.#claimant(capacity), execution.clock.nowMs()),
    )
    for (const row of claimed) this.#begin(row, performJob)
    if (reasons.size > 0) await execution.tracking.runs.explain(reasons)
  }

  #claimant(capacity = this.#options.capacity) {
    return { owner: this.#owner, host: hostname(), capacity, leaseMs: this.#leaseMs }
  }

  async #renew(nowMs: number): Promise<void> {
    if (this.running.size === 0) return
    await this.#options.database.write(({ kysely }) =>
      kysely
        .updateTable('jobs')
        .set({ lease_until: nowMs + this.#leaseMs })
        .where('state', '=', 'leased')
        .where('lease_owner', '=', this.#owner)
        .execute(),
    )
  }

  #begin(row: JobRow, work: typeof performJob): void {
    this.running.add(row.run)
    const { signal } = this.#leaving
    void work(this.#options, row, signal)
      .then((outcome) => settleJob(this.#options, row, { outcome, owner: this.#owner }))
      .catch((error: unknown) => this.#options.onProblem(error))
      .finally(() => {
        this.running.delete(row.run)
        if (signal.aborted && this.running.size === 0) this.#options.starter[Symbol.dispose]()
        this.wake()
      })
  }
}
