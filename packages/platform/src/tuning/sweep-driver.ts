import { availableParallelism } from 'node:os'
import {
  didYouMean,
  type JsonObject,
  type JsonValue,
  type RunError,
  type RunRecord,
  type RunState,
  stopConditionHolds,
  type Supervisor,
} from '@trainyard/contract'
import {
  givenToRun,
  BrokenWorkerError,
  type Execution,
  explainLostDirectory,
  type IterationRunner,
  type JobEvents,
  openIterationRunner,
  type PreparedRun,
  type RunningIteration,
  type RunningJob,
  startIteration,
  supervisorOf,
  type StopReason,
  watchForAbort,
} from '../execution/index.ts'
import { messageOf } from '../base/errors.ts'
import { type HyperParameter, listedValues } from './distributions.ts'
import { type Pruner } from './pruners/asha.ts'
import { rebuildPruner } from './rebuild-pruner.ts'
import { isRepeated, IterationSource, type Resumption } from './iteration-source.ts'
import { compareValues, numericResult } from './selector.ts'
import { beginSweepRecord, concludeSweep, type SweepTotals } from './sweep-record.ts'
import type { SweepPlan } from './sweep-plan.ts'
import { TrialHistory, trialOfRun } from './trial-history.ts'

export interface FinishedIteration {
  id: string
  iteration: number
  state: RunState
  reason: string | null
  parameters: Readonly<Record<string, JsonValue>>
  results: Readonly<Record<string, JsonValue>>
}

export interface SweepEvents {
  onReady?(choices: Record<string, string>): void
  onProgress?(totals: SweepTotals): void
  onIteration?(finished: FinishedIteration): void
  onOutput?(iteration: number, bytes: Uint8Array): void | Promise<void>
  onProblem?: JobEvents['onProblem']
  onWarning?(message: string): void
}

export interface SweepOptions {
  plan: SweepPlan
  events: SweepEvents
  /** `continue` when the record is there, `pending`. */
  record?: 'create' | 'continue'
  /** Go on with the record that is there, and with the iterations that it lacks. */
  resume?: Resumption
  /** Descriptors of a worker that is already there. */
  attach?: { control: number; events: number }
}

/** After so many failures and no success from the start, the cause is the script, not the parameters. */
const hopelessAfter = 5

/**
 * Runs a sweep: asks the study, keeps the slots filled, tells it what came out, stops bad iterations early, and leaves a parent
 * record with the best iteration's results. Everything it needs to go on lies in the records, so a resume brings nothing.
 */
export function startSweep(execution: Execution, parent: PreparedRun, options: SweepOptions): RunningJob {
  const drive = new SweepDrive(execution, parent, options)
  return {
    runId: parent.id,
    pid: process.pid,
    done: drive.run().catch((error: unknown) => explainLostDirectory(execution, error)),
    stop: (stop) => drive.stop(stop),
  }
}

class SweepDrive {
  readonly #execution: Execution
  readonly #parent: PreparedRun
  readonly #options: SweepOptions
  readonly #plan: SweepPlan
  readonly #supervisor: Supervisor
  readonly #history = new TrialHistory()
  #pruner: Pruner | undefined
  /** Aborted once nothing new is to be started: imports of the user's module may hang. */
  readonly #stopped = new AbortController()
  #source: IterationSource | undefined
  readonly #running = new Map<string, RunningIteration>()
  /** Processes that have not ended; finished ones may still be on their way into the records. */
  #busySlots = 0
  readonly #totals: SweepTotals
  #wake: (() => void) | undefined
  /** What runs the iterations, as soon as it is known. */
  #interpreter: JsonObject | undefined
  #failure: unknown
  /** Why the handler could not be called, the last time. */
  #refusal: RunError | undefined
  #isRefused = false
  /** Why nothing new is started. */
  #closing: { reason: string; aborted: boolean } | undefined

  constructor(execution: Execution, parent: PreparedRun, options: SweepOptions) {
    this.#execution = execution
    this.#parent = parent
    this.#options = options
    this.#plan = options.plan
    this.#supervisor = supervisorOf(execution)
    this.#totals = {
      planned: options.plan.study.planned,
      completed: 0,
      failed: 0,
      stopped: 0,
      running: 0,
      best: undefined,
      stopReason: undefined,
    }
  }

  stop(stop: StopReason): void {
    this.#closing = { reason: stop.reason, aborted: true }
    this.#stopped.abort()
    for (const iteration of this.#running.values())
      iteration.stop({ reason: `aborted with its sweep: ${stop.reason}`, graceMs: stop.graceMs })
    this.#wake?.()
  }

  async run(): Promise<RunRecord> {
    const { resume } = this.#options
    const resumption = resume ?? { retryFailed: false, onlyRepeats: false }
    await beginSweepRecord(this.#execution, this.#parent, {
      plan: this.#plan,
      supervisor: this.#supervisor,
      resume,
      record: this.#options.record ?? 'create',
    })
    await this.#execution.notifications?.arm(this.#parent.id, this.#parent.notifications)
    // Looked at only now that the sweep is ours: until then another resume may have been at work.
    const earlier = resume === undefined ? [] : await this.#execution.tracking.runs.children(this.#parent.id)
    for (const child of earlier) if (!isRepeated(child, resumption)) this.#count(child, child.results)
    // Only another best one is asked for: nothing needs to be loaded for that.
    if (resumption.onlyRepeats && !earlier.some((child) => isRepeated(child, resumption))) return this.#conclude()
    this.#pruner = await rebuildPruner(this.#execution, this.#plan, earlier, resumption)
    // What the script does when it is imported belongs to the sweep.
    Object.assign(this.#parent, await givenToRun(this.#execution, this.#parent))
    using _watch = this.#watch()
    let broken: BrokenWorkerError | undefined
    try {
      await using runner = await openIterationRunner(this.#execution, this.#parent, {
        parallel: this.#plan.parallel,
        varied: variedValues(this.#plan),
        signal: this.#stopped.signal,
        ...(this.#options.attach === undefined ? {} : { attach: this.#options.attach }),
      })
      if (runner.worker !== undefined) await this.#recordWorker(runner.worker)
      Object.assign(this.#parent.choices, runner.choices)
      this.#interpreter = runner.interpreter
      this.#options.events.onReady?.(runner.choices)
      this.#source = new IterationSource({
        execution: this.#execution,
        parent: this.#parent,
        plan: this.#plan,
        history: this.#history,
        supervisor: this.#supervisor,
        earlier,
        resumption,
      })
      await this.#drive(runner, this.#source)
    } catch (error) {
      if (!(error instanceof BrokenWorkerError)) throw error
      broken = error
    }
    return this.#conclude(broken)
  }

  #conclude(broken?: BrokenWorkerError): Promise<RunRecord> {
    return concludeSweep(this.#execution, this.#parent, {
      plan: this.#plan,
      totals: this.#totals,
      closing: this.#closing,
      interpreter: this.#interpreter,
      broken: broken?.told ?? (this.#isRefused ? this.#refusal : undefined),
    })
  }

  /** So that whoever finds this sweep without a supervisor knows whether iterations may still be starting. */
  async #recordWorker(worker: { pid: number; startTicks: number }): Promise<void> {
    const next = { ...this.#supervisor, heartbeatAtMs: this.#execution.clock.nowMs(), child: worker }
    await this.#execution.tracking.runs.claim(this.#parent.id, { expected: this.#supervisor, next })
  }

  #watch(): Disposable {
    return watchForAbort(this.#execution, {
      runIds: () => [this.#parent.id, ...this.#running.keys(), ...(this.#source?.waiting ?? [])],
      onAbort: (run) => {
        const stop = { reason: run.stateReason ?? 'aborted', graceMs: 10_000 }
        if (run.id === this.#parent.id) this.stop(stop)
        else if (this.#running.has(run.id)) this.#running.get(run.id)?.stop(stop)
        else this.#source?.abort(run.id, stop.reason).catch((error: unknown) => this.#fail(error))
      },
      onFailure: (error) => this.#options.events.onProblem?.(messageOf(error)),
    })
  }

  async #drive(runner: IterationRunner, source: IterationSource): Promise<void> {
    try {
      await this.#fillSlots(runner, source)
    } catch (error) {
      // What runs is still ours to end and to record.
      this.#fail(error)
      await Promise.allSettled([...this.#running.values()].map(({ done }) => done))
      if (!(error instanceof BrokenWorkerError)) throw error
      await source.skipRest(error.message)
      throw error
    }
    await source.skipRest(this.#closing?.reason ?? 'not needed')
  }

  async #fillSlots(runner: IterationRunner, source: IterationSource): Promise<void> {
    let exhausted = false
    while (this.#failure === undefined) {
      while (!exhausted && this.#closing === undefined && this.#hasSlot(runner.queueAhead)) {
        const ready = await source.take()
        if (ready === undefined) exhausted = true
        else {
          try {
            this.#launch(runner, ready)
          } catch (error) {
            source.giveBack(ready)
            throw error
          }
        }
      }
      if (this.#running.size === 0 && (exhausted || this.#closing !== undefined)) break
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** What is started next may depend on what came out before: on a sampler that learns, or on a reason to stop. */
  get #waitsForResults(): boolean {
    const { spec, stopCondition, study } = this.#plan
    return study.strategy === 'tpe' || stopCondition !== undefined || spec.maxErrors !== undefined
  }

  /** A slot is free when its process has ended, or, where results count, when its records are complete. */
  #hasSlot(queueAhead: number): boolean {
    const { parallel } = this.#plan
    if (this.#waitsForResults) return this.#running.size < parallel
    return this.#busySlots < parallel + queueAhead && this.#running.size < 4 * parallel + 4
  }

  #launch(runner: IterationRunner, run: PreparedRun): void {
    const { events } = this.#options
    const pruner = this.#pruner
    const { selector } = this.#plan
    const running = startIteration(this.#execution, run, {
      runner,
      supervisor: this.#supervisor,
      ...(events.onOutput === undefined ? {} : { onOutput: (bytes) => events.onOutput?.(run.iteration, bytes) }),
      ...(events.onProblem === undefined ? {} : { onProblem: events.onProblem }),
      ...(pruner === undefined || selector === undefined ? {} : { watch: selector.name }),
      onStart: ({ interpreter }) => {
        this.#interpreter ??= interpreter
      },
      onWatched: (points) => {
        const worse = points.find(({ step, value }) => pruner?.report(run.iteration, step, value) === 'stop')
        if (worse === undefined) return
        this.#running.get(run.id)?.stop({ reason: `stopped early by ASHA at step ${worse.step}`, graceMs: 2000, by: 'asha' })
      },
    })
    this.#running.set(run.id, running)
    this.#busySlots++
    this.#report()
    const freeSlot = (): void => {
      this.#busySlots--
      this.#wake?.()
    }
    running.processEnded.then(freeSlot, freeSlot)
    running.done.then(
      (outcome) => this.#finished(running, outcome.conclusion, outcome.metrics),
      (error: unknown) => this.#fail(error),
    )
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const iteration of this.#running.values()) iteration.stop({ reason: 'its sweep could not go on', graceMs: 2000 })
    this.#wake?.()
  }

  #finished(
    running: RunningIteration,
    conclusion: { state: RunState; reason: string | null; error: RunError | null },
    metrics: Record<string, number>,
  ): void {
    this.#running.delete(running.run.id)
    const { id, iteration, parameters } = running.run
    const finished = { id, iteration, state: conclusion.state, reason: conclusion.reason, parameters, results: metrics }
    this.#history.record(trialOfRun(finished, this.#plan.selector))
    this.#count(finished, metrics)
    this.#options.events.onIteration?.(finished)
    this.#report()
    this.#warnAboutSelector(finished)
    if (conclusion.state === 'failed') this.#noteRefusal(conclusion.error)
    this.#decideToClose(finished)
    this.#wake?.()
  }

  #count(child: { id: string; iteration: number; state: RunState }, results: Readonly<Record<string, JsonValue>>): void {
    const totals = this.#totals
    if (child.state === 'completed') totals.completed++
    else if (child.state === 'failed') totals.failed++
    else totals.stopped++
    const { selector } = this.#plan
    const value = selector === undefined || child.state !== 'completed' ? undefined : numericResult(results, selector.name)
    if (selector === undefined || value === undefined || Number.isNaN(value)) return
    const order = totals.best === undefined ? -1 : compareValues(value, totals.best.value, selector.direction)
    if (order < 0 || (order === 0 && totals.best !== undefined && child.iteration < totals.best.iteration)) {
      totals.best = { id: child.id, iteration: child.iteration, value }
    }
  }

  #report(): void {
    this.#totals.running = Math.min(this.#busySlots, this.#plan.parallel)
    this.#options.events.onProgress?.(this.#totals)
  }

  /** Told with the first iteration that completes, not after hours. It may still be logged by others. */
  #warnAboutSelector({ iteration, state, results }: FinishedIteration): void {
    const { selector } = this.#plan
    if (selector === undefined || state !== 'completed' || this.#totals.completed > 1 || Object.hasOwn(results, selector.name))
      return
    const logged = Object.keys(results).filter((key) => !key.startsWith('system/'))
    const told = logged.length === 0 ? 'no number at all' : `${logged.join(', ')}${didYouMean(selector.name, logged)}`
    this.#options.events.onWarning?.(
      `iteration ${iteration} did not log ${selector.name}, which the selector asks for; it logged ${told}.`,
    )
  }

  /** The same refusal twice is about the request, not about the values of one iteration. */
  #noteRefusal(error: RunError | null): void {
    if (error === null || !refusals.has(error.type) || this.#totals.completed > 0 || this.#closing !== undefined) return
    if (this.#refusal?.message === error.message || this.#totals.planned === 1) {
      this.#isRefused = true
      this.#close(error.message, 'refused')
    }
    this.#refusal = error
  }

  #decideToClose(finished: FinishedIteration): void {
    if (this.#closing !== undefined) return
    const { stopCondition, spec } = this.#plan
    const { failed, completed } = this.#totals
    if (finished.state === 'completed' && stopCondition !== undefined && stopConditionHolds(stopCondition, finished.results)) {
      this.#close(`the stop condition held at iteration ${finished.iteration}`, 'stop condition')
    } else if (spec.maxErrors !== undefined && failed >= spec.maxErrors) {
      this.#close(`${failed} iterations failed, the most that max_errors allows`, 'max errors')
    } else if (spec.maxErrors === undefined && completed === 0 && failed >= hopelessAfter && this.#totals.stopped === 0) {
      this.#close(`the first ${failed} iterations all failed`, 'no success')
    }
  }

  #close(reason: string, by: string): void {
    this.#closing = { reason, aborted: false }
    this.#totals.stopReason = reason
    for (const iteration of this.#running.values()) iteration.stop({ reason: `not finished: ${reason}`, graceMs: 2000, by })
  }
}

/** Types of errors that say that the request does not fit the file. */
const refusals = new Set(['missing_handler', 'missing_script', 'syntax_error', 'invalid_parameter'])

const valuesWorthChecking = 10_000

/** The values that the keys of a sweep may take, null where they are drawn, many, or stand in a file. */
function variedValues({ study, spec }: SweepPlan): Record<string, JsonValue[] | null> {
  const listed = (key: string): JsonValue[] | null => {
    const given = spec.hyperParameters?.[key] as HyperParameter | undefined
    const values = given === undefined ? undefined : listedValues(given)
    return values === undefined || values.length > valuesWorthChecking ? null : [...values]
  }
  return Object.fromEntries(study.keys.map((key) => [key, listed(key)]))
}

/** Cores this process may use; what `parallel` defaults to. */
export const coresAtHand = (): number => availableParallelism()
