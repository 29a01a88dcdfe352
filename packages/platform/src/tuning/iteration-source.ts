import { isAppError, type JsonObject, newRunId, type RunRecord, type Supervisor } from '@trainyard/contract'
import { type Execution, type PreparedRun, renewRunDirectory } from '../execution/index.ts'
import type { SweepPlan } from './sweep-plan.ts'
import { type Trial, type TrialHistory, trialOfRun } from './trial-history.ts'

/** What a resumed sweep does beyond what is missing. */
export interface Resumption {
  /** Try those again that failed by themselves. */
  retryFailed: boolean
  /** Propose nothing new: the sweep was complete. */
  onlyRepeats: boolean
  /** The sweep was asked for more iterations, and may be complete with those it had. */
  isExtended?: boolean
}

/**
 * Stored iterations that a resumed sweep repeats: they never began, were lost with their supervisor, or were aborted with it. Those
 * that failed by themselves have had their turn, unless it is asked for again; so have those that were stopped for being bad.
 */
export const isRepeated = ({ exit, state }: RunRecord, { retryFailed }: Pick<Resumption, 'retryFailed'>): boolean => {
  if (state === 'completed') return false
  if (state === 'failed') return retryFailed || exit?.kind === 'lost'
  return !(state === 'aborted' && exit?.kind === 'cancelled' && exit.by !== undefined)
}

/**
 * Hands out iterations: first those of an earlier attempt that have to be repeated, then what the study proposes. Records are made
 * in batches ahead of need (one commit for several), so that a free slot never waits for the disk.
 */
export class IterationSource {
  readonly #execution: Execution
  readonly #parent: PreparedRun
  readonly #plan: SweepPlan
  readonly #history: TrialHistory
  readonly #supervisor: Supervisor
  readonly #ready: PreparedRun[] = []
  readonly #repeats: RunRecord[]
  #exhausted = false

  constructor(options: {
    execution: Execution
    parent: PreparedRun
    plan: SweepPlan
    history: TrialHistory
    supervisor: Supervisor
    earlier: readonly RunRecord[]
    resumption: Resumption
  }) {
    this.#execution = options.execution
    this.#parent = options.parent
    this.#plan = options.plan
    this.#history = options.history
    this.#supervisor = options.supervisor
    this.#exhausted = options.resumption.onlyRepeats
    this.#repeats = options.earlier
      .filter((child) => isRepeated(child, options.resumption))
      .sort((one, other) => one.iteration - other.iteration)
    for (const child of options.earlier) this.#history.record(trialOfRun(child, options.plan.selector))
  }

  /** The next iteration, or undefined when there is none. The caller waits for each answer before it asks again. */
  async take(): Promise<PreparedRun | undefined> {
    if (this.#ready.length === 0) await this.#refill()
    const next = this.#ready.shift()
    // The secrets of the project came with the sweep's own.
    if (next !== undefined && this.#execution.clients !== undefined)
      next.clientEnvironment = { ...this.#parent.clientEnvironment, ...(await this.#execution.clients.environmentOf(next)) }
    return next
  }

  /** Ids of records made ahead that wait for a slot. */
  get waiting(): string[] {
    return this.#ready.map((run) => run.id)
  }

  /** One that could not be started. */
  giveBack(ready: PreparedRun): void {
    this.#ready.unshift(ready)
  }

  /** Takes one out that somebody aborted before it began. */
  async abort(id: string, reason: string): Promise<void> {
    const index = this.#ready.findIndex((run) => run.id === id)
    const [taken] = index < 0 ? [] : this.#ready.splice(index, 1)
    if (taken === undefined) return
    await this.#end(taken, 'aborted', reason)
    this.#history.record({ iteration: taken.iteration, parameters: taken.parameters, state: 'skipped' })
  }

  /** Records made ahead that will not be started. */
  async skipRest(reason: string): Promise<void> {
    for (const run of this.#ready.splice(0)) await this.#end(run, 'skipped', reason)
  }

  async #end(run: PreparedRun, to: 'skipped' | 'aborted', reason: string): Promise<void> {
    const { runs } = this.#execution.tracking
    const change = { reason, atMs: this.#execution.clock.nowMs(), patch: { supervisor: null } }
    try {
      await runs.transition(run.id, { to, ...change })
    } catch (error) {
      // Somebody aborted it at the same moment.
      if (!isAppError(error, 'failed_precondition')) throw error
      await runs.transition(run.id, { to: 'aborted', ...change, from: ['aborting'] })
    }
  }

  async #refill(): Promise<void> {
    const repeat = this.#repeats.shift()
    if (repeat !== undefined) {
      this.#ready.push(await this.#renew(repeat))
      return
    }
    // A sampler that learns must see what ended before; the others are asked for a batch.
    const batch = this.#plan.study.strategy === 'tpe' ? 1 : Math.max(8, 2 * this.#plan.parallel)
    const fresh: PreparedRun[] = []
    while (!this.#exhausted && fresh.length < batch) {
      const asked = this.#plan.study.ask(this.#history)
      if (asked.kind === 'done') {
        this.#exhausted = true
        break
      }
      const trial: Trial = { iteration: asked.iteration, parameters: asked.parameters, state: 'running' }
      this.#history.record(trial)
      const parameters = { ...this.#parent.parameters, ...asked.parameters }
      fresh.push(this.#prepare(newRunId(this.#execution.clock.nowMs()), asked.iteration, parameters, 1))
    }
    if (fresh.length === 0) return
    await this.#createRecords(fresh)
    this.#ready.push(...fresh)
  }

  /** An iteration of an earlier attempt with an empty record of its own number, as it was before its first start. */
  async #renew(repeat: RunRecord): Promise<PreparedRun> {
    const { clock, directory, tracking } = this.#execution
    const attempt = repeat.attempt + 1
    await tracking.runs.transition(repeat.id, {
      to: 'pending',
      reason: `attempt ${attempt}`,
      atMs: clock.nowMs(),
      patch: { supervisor: this.#supervisor, attempt, exit: null, error: null },
      anew: true,
    })
    renewRunDirectory(directory.runs, repeat.id, await tracking.logs.sizeBytes(repeat.id))
    this.#history.record({ iteration: repeat.iteration, parameters: repeat.parameters, state: 'running' })
    return this.#prepare(repeat.id, repeat.iteration, repeat.parameters, attempt)
  }

  #prepare(id: string, iteration: number, parameters: JsonObject, attempt: number): PreparedRun {
    const { timeoutMs: _parentTimeout, ...parent } = this.#parent
    const timeoutMs = this.#plan.spec.iterationTimeoutMs
    const varied = new Set(this.#plan.study.keys)
    return {
      ...parent,
      id,
      kind: 'iteration',
      parentId: parent.id,
      iteration,
      attempt,
      parameters,
      parameterTexts: Object.fromEntries(Object.entries(parent.parameterTexts).filter(([key]) => !varied.has(key))),
      outPath: `${parent.outPath}/${iteration}`,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      sampleEveryMs: 0,
    }
  }

  #createRecords(runs: readonly PreparedRun[]): Promise<void> {
    return this.#execution.tracking.runs.createMany(
      runs.map((run) => ({
        id: run.id,
        name: run.name,
        project: run.project,
        experiment: run.experiment,
        kind: 'iteration' as const,
        parentId: this.#parent.id,
        iteration: run.iteration,
        state: 'pending' as const,
        createdAtMs: this.#execution.clock.nowMs(),
        owner: this.#execution.owner,
        host: this.#supervisor.host,
        parameters: run.parameters,
        labels: run.labels,
        outPath: run.outPath,
        supervisor: this.#supervisor,
        attempt: 1,
      })),
    )
  }
}
