import { hostname } from 'node:os'
import { AppError, type RunRecord, type Task } from '@trainyard/contract'
import {
  type Execution,
  inOwnCopy,
  type PreparedRun,
  prepareRun,
  refuseEndpoint,
  renewRunDirectory,
  writeSentCode,
} from '../execution/index.ts'
import { layOutFunction } from './function-code.ts'
import { planOf, type JobRow } from './job-rows.ts'
import type { JobPlan } from './jobs.ts'
import type { WorkerOptions } from './worker-options.ts'

interface Attempt {
  record: RunRecord
  attempt: number
  leaving: AbortSignal
}

/** Everything about one attempt decided, with its code on this machine. What cannot be had is thrown, for the run's record. */
export async function prepareJob(
  options: WorkerOptions,
  row: JobRow,
  { record, attempt, leaving }: Attempt,
): Promise<PreparedRun> {
  const { execution } = options
  const secrets = row.secrets === null ? {} : (JSON.parse(options.secrets.open(row.secrets)) as Record<string, string>)
  using watch = watchPending(execution, row.run, leaving)
  const laid = await layOut(options, row, watch.signal)
  const plan = { ...planOf(row), ...laid }
  const workingDirectory = plan.workingDirectory ?? writeSentCode(execution.directory, row.run, plan.code)
  const { secrets: _sources, ...task } = plan.task
  refuseEndpoint(task)
  const prepared = await prepareRun(
    { ...execution, workingDirectory },
    {
      ...task,
      name: record.name,
      project: record.project,
      experiment: record.experiment,
      ...(Object.keys(secrets).length === 0 ? {} : { secrets: [{ kind: 'inline', source: secrets }] }),
    },
    {
      id: row.run,
      kind: record.kind,
      attempt,
      commandLine: plan.commandLine,
      ...(plan.parameterTexts === undefined ? {} : { parameterTexts: plan.parameterTexts }),
      ...(plan.environment === undefined ? {} : { environment: plan.environment }),
      ...(plan.python === undefined ? {} : { python: plan.python }),
      ...(plan.code === undefined ? {} : { originalScript: plan.code.name }),
      onNote: (note) => void execution.tracking.runs.explain(new Map([[row.run, note]])).catch(options.onProblem),
      signal: watch.signal,
    },
  )
  if (attempt > 1 && record.kind === 'run')
    renewRunDirectory(execution.directory.runs, row.run, await execution.tracking.logs.sizeBytes(row.run))
  // Before that nobody knew which file it is.
  if (laid !== undefined) await execution.tracking.runs.update(row.run, { task: prepared.task })
  const placed = plan.sharedFolder === undefined ? prepared : await inOwnCopy(execution.directory, prepared, plan.sharedFolder)
  return {
    ...placed,
    choices: { ...placed.choices, ...plan.choices },
    ...(plan.keepsOutPath === true ? { outPath: record.outPath } : {}),
    ...(record.task === null || laid !== undefined ? {} : { task: record.task }),
  }
}

/** The code of a function that is kept, where the job is a run of one. */
async function layOut(
  { functionCode }: WorkerOptions,
  row: JobRow,
  signal: AbortSignal,
): Promise<(Pick<JobPlan, 'workingDirectory' | 'sharedFolder' | 'choices'> & { task: Task }) | undefined> {
  const plan = planOf(row)
  if (plan.function === undefined) return undefined
  // Only whoever uses this very machine can bind a job to it.
  const allowLocal = row.host === hostname()
  const { task, notes, workingDirectory, sharedFolder } = await layOutFunction(
    functionCode,
    { ...plan, function: plan.function },
    { allowLocal, signal },
  )
  return {
    task,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(sharedFolder === undefined ? {} : { sharedFolder }),
    ...(notes.length === 0 ? {} : { choices: { ...plan.choices, function: notes.join('; ') } }),
  }
}

const lookEveryMs = 500

/** Preparing may take minutes (an environment is made): aborted when the run is, or when we leave. */
function watchPending(execution: Execution, runId: string, leaving: AbortSignal): Disposable & { signal: AbortSignal } {
  const gone = new AbortController()
  const timer = setInterval(() => {
    void execution.tracking.runs.get(runId).then(
      ({ state }) => state === 'pending' || gone.abort(new AppError('aborted', `Run ${runId} is ${state}.`)),
      () => undefined,
    )
  }, lookEveryMs)
  timer.unref()
  return { signal: AbortSignal.any([gone.signal, leaving]), [Symbol.dispose]: () => clearInterval(timer) }
}
