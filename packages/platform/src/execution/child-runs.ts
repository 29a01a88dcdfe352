import type { Supervisor } from '@trainyard/contract'
import type { JournalIngest } from '../tracking/tracking.ts'
import { RunCarrier } from './carrier.ts'
import type { Execution } from './execution.ts'
import type { PreparedRun } from './prepared-run.ts'
import { createRunDirectory, removeRunDirectory, type RunDirectory } from './run-directory.ts'

type Parent = Pick<PreparedRun, 'id' | 'name' | 'project' | 'experiment' | 'outPath'>
type Child = Pick<JournalIngest['children'][number], 'id' | 'iteration' | 'parameters'>

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

  constructor(execution: Execution, parent: Parent, supervisor: Supervisor) {
    this.#execution = execution
    this.#parent = parent
    this.#supervisor = supervisor
  }

  get count(): number {
    return this.#carried.length
  }

  add(children: readonly Child[]): void {
    for (const child of children) this.#adding = this.#adding.then(() => this.#add(child))
  }

  async #add(child: Child): Promise<void> {
    const { runs } = this.#execution.tracking
    if ((await runs.find(child.id)) === undefined) {
      await runs.create({
        id: child.id,
        name: this.#parent.name,
        project: this.#parent.project,
        experiment: this.#parent.experiment,
        kind: 'iteration',
        parentId: this.#parent.id,
        iteration: child.iteration,
        state: 'running',
        createdAtMs: this.#execution.clock.nowMs(),
        owner: this.#execution.owner,
        host: this.#supervisor.host,
        supervisor: this.#supervisor,
        parameters: child.parameters,
        outPath: `${this.#parent.outPath}/${child.iteration}`,
      })
    }
    const directory = createRunDirectory(this.#execution.directory.runs, child.id)
    const run = {
      id: child.id,
      project: this.#parent.project,
      iteration: child.iteration,
      outPath: `${this.#parent.outPath}/${child.iteration}`,
    }
    const carrier = new RunCarrier(this.#execution, { run, directory, fresh: false })
    carrier.follow()
    this.#carried.push({ child, directory, carrier })
  }

  /** Call when the process has ended. `best` (marked by the script) hands its results to the parent. */
  async finish(best: { id: string; iteration: number } | undefined): Promise<void> {
    await this.#adding
    for (const { child, directory, carrier } of this.#carried) {
      await carrier.finish({ kind: 'exited', code: 0 })
      await carrier.catchUp()
      const { runs } = this.#execution.tracking
      const record = await runs.get(child.id)
      if (record.state === 'running') {
        const outcome = carrier.end?.outcome ?? 'completed'
        await runs.transition(child.id, {
          to: outcome,
          ...(carrier.end?.error === undefined
            ? {}
            : { reason: carrier.end.error.message, patch: { error: carrier.end.error, supervisor: null } }),
          atMs: this.#execution.clock.nowMs(),
        })
      }
      removeRunDirectory(directory)
    }
    if (best !== undefined) await takeResultsOf(this.#execution, this.#parent.id, best.id)
  }
}

/**
 * Makes a parent show the results and artifacts of its best iteration. Results travel as a journal of one line, so that doing it
 * again (after a crash, or with the same best) changes nothing; `sequence` grows when another iteration has become the best.
 */
export async function takeResultsOf(execution: Execution, parentId: string, bestId: string): Promise<void> {
  const { tracking, clock } = execution
  const best = await tracking.runs.get(bestId)
  const results = Object.fromEntries(Object.entries(best.results).filter(([key]) => !key.startsWith('system/')))
  const wire = JSON.stringify(results, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
  const { sequence } = await tracking.journals.position(parentId, 'selection')
  await tracking.journals.ingest(parentId, 'selection', Buffer.from(`[${sequence + 1},${clock.nowMs()},"result",${wire}]\n`))
  await tracking.artifacts.link(
    parentId,
    (await tracking.artifacts.ofRun(bestId)).map(({ id }) => id),
  )
}
