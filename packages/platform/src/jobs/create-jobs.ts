import { hostname } from 'node:os'
import { basename, isAbsolute } from 'node:path'
import { AppError, didYouMean, isEnded, newRunId, type RunRecord, type Task } from '@trainyard/contract'
import type { SecretBox } from '../base/secret-box.ts'
import type { Database } from '../database/index.ts'
import {
  abortRun,
  defaultRunName,
  type Execution,
  locateCode,
  type OutPathValues,
  recordedTask,
  refuseEndpoint,
  resolveOutPath,
  withoutSecretsOf,
} from '../execution/index.ts'
import { demandOf } from './demand.ts'
import { extendSweep } from './extend-sweep.ts'
import { listJobs } from './job-list.ts'
import { findJobRow, getJobRow, newJobRow, toJob } from './job-rows.ts'
import type { JobPlan, JobRecord, Jobs, NewJob } from './jobs.ts'
import { isQueued, queueSupervisor } from './queue-supervisor.ts'

export interface JobsOptions {
  database: Database
  secrets: SecretBox
  /** Stops what runs; tells owners, places and the time. */
  execution: Execution
  /** Refuses receivers of notifications that could not be told. */
  checkReceivers?: (task: Task) => Promise<void>
  /** A job was asked for, or may start sooner than before. */
  onChange?: () => void
}

export function createJobs(options: JobsOptions): Jobs {
  const { database, execution, onChange } = options
  const { runs } = execution.tracking
  return {
    submit: async (job) => {
      await options.checkReceivers?.(job.task)
      const stored = await submit(options, job)
      onChange?.()
      return stored
    },
    extend: async (runId, maxIterations) => {
      const stored = await extendSweep(options, runId, maxIterations)
      onChange?.()
      return stored
    },
    find: (runId) =>
      database.read(async (reader) => {
        const row = await findJobRow(reader, runId)
        return row && toJob(row)
      }),
    list: (query = {}) => listJobs(database, query),
    prioritise: async (runId, priority) => {
      if (!Number.isInteger(priority) || Math.abs(priority) > 1000)
        throw new AppError('invalid_argument', `A priority is a whole number from -1000 to 1000, not ${priority}.`)
      const changed = await database.write(async (transaction) => {
        const row = await getJobRow(transaction, runId)
        if (row.state !== 'queued')
          throw new AppError(
            'failed_precondition',
            `The job of run ${runId} has started already; only one that waits has a priority.`,
          )
        await transaction.kysely.updateTable('jobs').set({ priority }).where('number', '=', row.number).execute()
        return toJob({ ...row, priority })
      })
      onChange?.()
      return changed
    },
    abort: async (runId, { reason, force }) => {
      const row = await database.read((reader) => findJobRow(reader, runId))
      if (row === undefined) return false
      const record = await runs.get(runId)
      if (isEnded(record.state)) return record
      if (record.state === 'pending' && (await abortWaiting(options, record, reason))) {
        onChange?.()
        return await runs.get(runId)
      }
      return await abortRun(execution, runId, { reason, force })
    },
    limit: async (project, running) => {
      if (running !== null && (!Number.isInteger(running) || running < 0 || running > 1_000_000))
        throw new AppError('invalid_argument', `The limit of a project is a whole number of jobs from 0 on, not ${running}.`)
      await database.write(async ({ kysely }) => {
        await kysely.deleteFrom('job_limits').where('project', '=', project).execute()
        if (running !== null) await kysely.insertInto('job_limits').values({ project, running }).execute()
      })
      onChange?.()
    },
    limits: () =>
      database.read(async ({ kysely }) => {
        const rows = await kysely.selectFrom('job_limits').selectAll().orderBy('project').execute()
        return Object.fromEntries(rows.map(({ project, running }) => [project, running]))
      }),
  }
}

/** The run's state decides: whoever starts it needs it pending. False when a server was quicker. */
async function abortWaiting({ database, execution }: JobsOptions, { id }: RunRecord, reason: string): Promise<boolean> {
  const nowMs = execution.clock.nowMs()
  try {
    await execution.tracking.runs.transition(id, {
      to: 'aborted',
      from: ['pending'],
      reason,
      atMs: nowMs,
      patch: { supervisor: null },
    })
  } catch (error) {
    if (error instanceof AppError && error.code === 'failed_precondition') return false
    throw error
  }
  // One that a server is preparing is ended by it.
  await database.write(({ kysely }) =>
    kysely
      .updateTable('jobs')
      .set({ state: 'ended', ended_at: nowMs, secrets: null, reason: null })
      .where('run', '=', id)
      .where('state', '=', 'queued')
      .execute(),
  )
  return true
}

async function submit(options: JobsOptions, job: NewJob): Promise<JobRecord> {
  const { database, execution } = options
  const { runs } = execution.tracking
  const nowMs = execution.clock.nowMs()
  const known = job.runId === undefined ? undefined : await runs.find(job.runId)
  const made = known === undefined ? newRunOf(execution, job, nowMs) : undefined
  const runId = job.runId ?? made!.id
  if (known !== undefined) await takeUp(options, known, nowMs)
  const plan: JobPlan = {
    ...planFor(job),
    ...(known === undefined && job.task.outPath === undefined ? {} : { keepsOutPath: true }),
  }
  const { secrets = {} } = job
  const row = newJobRow(plan, { run: runId, project: known?.project ?? made!.project, nowMs })
  row.host = job.host ?? null
  row.secrets = Object.keys(secrets).length === 0 ? null : options.secrets.seal(JSON.stringify(secrets))
  // Asked for in one turn, which is one transaction; if it should not be, a job without a run is nobody's, and a run without a job is not.
  const inserting = database.write(({ kysely }) =>
    kysely.insertInto('jobs').values(row).returning('number').executeTakeFirstOrThrow(),
  )
  const creating =
    made !== undefined
      ? runs.create(made)
      : known?.state === 'created'
        ? runs.transition(runId, { to: 'pending', from: ['created'], reason: 'queued', atMs: nowMs })
        : Promise.resolve()
  const [inserted, created] = await Promise.allSettled([inserting, creating])
  if (inserted.status === 'rejected') throw inserted.reason
  if (created.status === 'rejected') {
    await database.write(({ kysely }) => kysely.deleteFrom('jobs').where('number', '=', inserted.value.number).execute())
    throw created.reason
  }
  // With the parameters that the plan does not keep.
  await execution.notifications?.arm(runId, job.task.notifications ?? [])
  return toJob({ ...row, number: inserted.value.number })
}

/** Refuses what can be seen to be wrong before anything is kept: `invalid_argument` in one sentence. */
export function checkJob(job: Omit<NewJob, 'owner'>): void {
  demandOf(job.task)
  fileOf(job)
}

/** What is kept of the request: no values of secrets. */
function planFor({
  task,
  commandLine,
  parameterTexts,
  workingDirectory,
  environment,
  python,
  code,
  choices,
  sharedFolder,
  function: reference,
}: NewJob): JobPlan {
  return {
    task: withoutSecretsOf(task),
    commandLine,
    ...(parameterTexts === undefined ? {} : { parameterTexts }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(environment === undefined ? {} : { environment }),
    ...(python === undefined ? {} : { python }),
    ...(code === undefined ? {} : { code }),
    ...(choices === undefined ? {} : { choices }),
    ...(sharedFolder === undefined ? {} : { sharedFolder }),
    ...(reference === undefined ? {} : { function: reference }),
  }
}

function newRunOf(execution: Execution, job: NewJob, nowMs: number) {
  const { task } = job
  const file = fileOf(job)
  const id = job.runId ?? newRunId(nowMs)
  const name = task.name ?? defaultRunName(file)
  const project = task.project ?? 'default'
  const supervisor = queueSupervisor(nowMs)
  return {
    id,
    name,
    project,
    experiment: task.experiment ?? name,
    kind: task.sweep === undefined ? ('run' as const) : ('sweep' as const),
    state: 'pending' as const,
    reason: 'queued',
    createdAtMs: nowMs,
    owner: job.owner,
    host: supervisor.host,
    parameters: task.parameters ?? {},
    labels: task.labels ?? {},
    task: job.function === undefined ? recordedTask(task, file.script, file.handler) : withoutSecretsOf(task),
    outPath: outPathFor(execution, job, { uid: id, name, project, iteration: 0 }),
    supervisor,
  }
}

function outPathFor({ directory }: Execution, { task, workingDirectory }: NewJob, values: OutPathValues): string {
  const { outPath } = task
  if (workingDirectory === undefined && outPath !== undefined && !isAbsolute(outPath) && !outPath.includes('://'))
    throw new AppError(
      'invalid_argument',
      `The out path ${outPath.slice(0, 200)} is relative, and a job that brings its code has no folder that stays: give an absolute path or an address.`,
    )
  return resolveOutPath(outPath, values, { artifacts: directory.artifacts, workingDirectory: workingDirectory ?? directory.path })
}

/** The file, which must be there where it was not sent along and this machine is the one that looks for it. */
function fileOf(job: Omit<NewJob, 'owner'>): { script: string; handler: string | undefined } {
  const { task, code, workingDirectory, host } = job
  refuseEndpoint(task)
  if (job.function !== undefined) return fileOfFunction(job.function, task)
  if (code === undefined) {
    const isHere = host === undefined || host === hostname()
    if (workingDirectory !== undefined && isHere) return locateCode(task, workingDirectory).file
    return { script: task.program?.[0] ?? task.command ?? '', handler: task.handler }
  }
  if (code.name !== basename(code.name) || code.name === '' || code.name.startsWith('.') || code.name.includes('\\'))
    throw new AppError(
      'invalid_argument',
      `The code's name "${code.name.slice(0, 100)}" is no plain file name such as training.py.`,
    )
  if (task.program === undefined && task.command !== code.name)
    throw new AppError(
      'invalid_argument',
      `The code is sent as ${code.name}, and the task's command names ${task.command ?? 'nothing'}${didYouMean(task.command ?? '', [code.name])}.`,
    )
  return { script: task.program?.[0] ?? code.name, handler: task.handler }
}

/** Its code is told by the version; a script or program beside it would be another's. */
function fileOfFunction(reference: string, { command, program, handler }: Task): { script: string; handler: string | undefined } {
  if (command === undefined && program === undefined) return { script: '', handler }
  throw new AppError(
    'invalid_argument',
    `The task names ${command ?? program![0]}, and the code is that of the function ${reference.slice(0, 200)}: give one of both.`,
  )
}

/** A run that somebody else has made: it is the queue's from now on, and pending with its job. One that a crash left without is taken again. */
async function takeUp({ database, execution }: JobsOptions, run: RunRecord, nowMs: number): Promise<void> {
  const { runs } = execution.tracking
  if (run.state !== 'created' && run.state !== 'pending')
    throw new AppError('failed_precondition', `Run ${run.id} is ${run.state} already; only one that has not begun can be a job.`)
  if (isQueued(run)) {
    const job = await database.read((reader) => findJobRow(reader, run.id))
    if (job !== undefined) throw new AppError('already_exists', `Run ${run.id} is a job already.`)
  }
  if (!(await runs.claim(run.id, { expected: run.supervisor, next: queueSupervisor(nowMs) })))
    throw new AppError('failed_precondition', `Run ${run.id} was taken up by somebody else at the same time.`)
}
