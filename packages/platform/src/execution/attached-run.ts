import type { RunRecord } from '@trainyard/contract'
import type { CarrierEvents } from './carrier.ts'
import type { Execution } from './execution.ts'
import { givenToRun } from './given-to-run.ts'
import { type RunningIteration, startIteration } from './iteration.ts'
import type { IterationRunner } from './iteration-runner.ts'
import type { PreparedRun } from './prepared-run.ts'
import { captureEnvironment } from './record/environment-info.ts'
import { supervisorOf } from './supervisor-of.ts'

export interface AttachedRun {
  readonly running: RunningIteration
  readonly done: Promise<RunRecord>
}

/** One run in a fork of a worker that is already there: a notebook's own function, which no file could be started from. */
export async function startAttachedRun(
  execution: Execution,
  run: PreparedRun,
  runner: IterationRunner,
  events: CarrierEvents,
): Promise<AttachedRun> {
  const { runs } = execution.tracking
  const supervisor = supervisorOf(execution)
  await runs.create({
    id: run.id,
    name: run.name,
    project: run.project,
    experiment: run.experiment,
    kind: 'run',
    state: 'pending',
    createdAtMs: execution.clock.nowMs(),
    owner: execution.owner,
    host: supervisor.host,
    parameters: run.parameters,
    labels: run.labels,
    task: run.task,
    outPath: run.outPath,
    supervisor,
  })
  await execution.notifications?.arm(run.id, run.notifications)
  const running = startIteration(execution, { ...run, ...(await givenToRun(execution, run)) }, { ...events, runner, supervisor })
  const done = running.done.then(async () => {
    await runs.update(run.id, {
      environment: await captureEnvironment(execution, runner.interpreter, { ...run.choices, ...runner.choices }),
    })
    return runs.get(run.id)
  })
  return { running, done }
}
