import { isEnded, type RunRecord, type Supervisor } from '@trainyard/contract'
import type { JournalIngest } from '../tracking/tracking.ts'
import { RunCarrier } from './carrier.ts'
import type { Conclusion } from './conclude.ts'
import type { Execution } from './execution.ts'
import type { PreparedRun } from './prepared-run.ts'
import { createRunDirectory, removeRunDirectory, type RunDirectory } from './run-directory.ts'

type Parent = Pick<PreparedRun, 'id' | 'name' | 'project' | 'experiment' | 'outPath'>
type Child = JournalIngest['children'][number]

interface CarriedChild {
  child: Child
  directory: RunDirectory
  carrier: RunCarrier
}

/**
 * Children that a script makes itself (`get_child_context`): each has a run directory of its own, written by the same process,
 * and becomes an iteration of the run. They end when their own journal says so, at the latest with their parent.
 */
export class ChildRuns {
  readonly #execution: Execution
  readonly #parent: Parent
  readonly #supervisor: Supervisor
  readonly #carried: CarriedChild[] = []
  #adding: Promise<void> = Promise.resolve()
  #failure: { error: unknown } | undefined

  constructor(execution: Execution, parent: Parent, supervisor: Supervisor) {
    this.#execution = execution
    this.#parent = parent
    this.#supervisor = supervisor
  }

  /** Makes their records and follows them. What goes wrong is thrown by `finish`. */
  add(children: readonly Child[]): void {
    for (const child of children) {
      this.#adding = this.#adding
        .then(() => this.#add(child))
        .catch((error: unknown) => {
          this.#failure ??= { error }
        })
    }
  }

  async #add(child: Child): Promise<void> {
    const { runs } = this.#execution.tracking
    const outPath = `${this.#parent.outPath}/${child.iteration}`
    const known = await runs.find(child.id)
    if (known !== undefined && isEnded(known.state)) return this.#settle(child)
    if (known === undefined) {
      await runs.create({
        id: child.id,
        name: this.#parent.name,
        project: this.#parent.project,
        experiment: this.#parent.experiment,
        kind: 'iteration',
        parentId: this.#parent.id,
        iteration: child.iteration,
        state: 'running',
        createdAtMs: child.timeMs,
        owner: this.#execution.owner,
        host: this.#supervisor.host,
        supervisor: this.#supervisor,
        parameters: child.parameters,
        outPath,
      })
    }
    const directory = createRunDirectory(this.#execution.directory.runs, child.id)
    const run = { id: child.id, project: this.#parent.project, iteration: child.iteration, outPath }
    const carrier = new RunCarrier(this.#execution, { run, directory, fresh: false })
    carrier.follow()
    this.#carried.push({ child, directory, carrier })
  }

  #settle({ journal, sequence }: Child): Promise<void> {
    return this.#execution.tracking.journals.settle(this.#parent.id, [{ journal, sequence }])
  }

  /** Takes in what they logged so far and leaves them: their process goes on without a supervisor. */
  async leave(): Promise<void> {
    await this.#adding
    for (const { carrier } of this.#carried) await carrier.catchUp()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Call when the process has ended, with how that is understood. `best` (marked by the script) hands its results to the parent. */
  async finish(best: JournalIngest['best'][number] | undefined, parent: Conclusion): Promise<void> {
    await this.#adding
    if (this.#failure !== undefined) throw this.#failure.error
    for (const { child, directory, carrier } of this.#carried) {
      await carrier.catchUp()
      const record = await this.#execution.tracking.runs.get(child.id)
      if (!isEnded(record.state)) await this.#conclude(record, carrier, parent)
      await this.#settle(child)
      removeRunDirectory(directory)
    }
    if (best === undefined) return
    await takeResultsOf(this.#execution, this.#parent.id, best.id)
    await this.#execution.tracking.journals.settle(this.#parent.id, [{ journal: best.journal, sequence: best.sequence }])
  }

  async #conclude(record: RunRecord, { end }: RunCarrier, parent: Conclusion): Promise<void> {
    // One that was still open when the process died did not come to its end, whatever the process was doing.
    const open = parent.state === 'completed' ? 'completed' : 'aborted'
    const told = parent.state === 'completed' ? undefined : `not finished: its run ${parent.reason ?? 'ended'}`
    const reason = end === undefined ? told : end.error?.message
    await this.#execution.tracking.runs.transition(record.id, {
      to: end?.outcome ?? open,
      ...(reason === undefined ? {} : { reason }),
      atMs: this.#execution.clock.nowMs(),
      patch: { error: end?.error ?? null, supervisor: null },
    })
  }
}

/**
 * Runs that a client in the job began below it and did not end: with their process they have come to an end. One that was still open
 * did not come to its own.
 */
export async function endReportedChildren(
  { tracking, clock }: Execution,
  parentId: string,
  { state, reason }: Pick<Conclusion, 'state' | 'reason'>,
): Promise<void> {
  const told = state === 'completed' ? undefined : `not finished: its run ${reason ?? 'ended'}`
  await tracking.reported.endBelow(parentId, {
    state: state === 'completed' ? 'completed' : 'aborted',
    atMs: clock.nowMs(),
    ...(told === undefined ? {} : { reason: told }),
  })
}

/**
 * Makes a parent show the results and artifacts of its best iteration. Results travel as a journal of one line named after that
 * iteration, so that doing it again (after a crash, in a resumed sweep) changes nothing.
 */
export async function takeResultsOf(execution: Execution, parentId: string, bestId: string): Promise<void> {
  const { tracking, clock } = execution
  const best = await tracking.runs.get(bestId)
  const results = Object.fromEntries(Object.entries(best.results).filter(([key]) => !key.startsWith('system/')))
  const wire = JSON.stringify(results, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
  await tracking.journals.ingest(parentId, `selection-${bestId}`, Buffer.from(`[1,${clock.nowMs()},"result",${wire}]\n`), 0)
  await tracking.artifacts.link(
    parentId,
    (await tracking.artifacts.ofRun(bestId)).map(({ id }) => id),
  )
}
