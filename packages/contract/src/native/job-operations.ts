import { type Static, Type } from 'typebox'
import type { Task } from '../task.ts'
import { mostIterations } from '../run.ts'
import { area, closed } from './operation.ts'
import { count, integer, nullable, run, runId, texts, timeMs } from './schemas.ts'

const jobs = area('Jobs')

const priority = integer({ minimum: -1000, maximum: 1000, description: 'Higher ones start first.' })

const job = Type.Object({
  runId,
  project: Type.String(),
  state: Type.Enum(['queued', 'leased', 'ended']),
  priority: Type.Integer(),
  reason: nullable(Type.String()),
  cpu: Type.Number(),
  memoryBytes: count,
  gpus: count,
  host: nullable(Type.String()),
  attempt: count,
  enqueuedAtMs: timeMs,
  readyAtMs: timeMs,
  leasedAtMs: nullable(timeMs),
  endedAtMs: nullable(timeMs),
})

export type Job = Static<typeof job>

/** A request for a run on a server: also what a schedule asks for each time. */
export const jobRequest = {
  task: Type.Unsafe<Task>({ type: 'object', description: 'As in a task file: see docs/tasks.md.' }),
  code: Type.Optional(
    Type.Object(
      { name: Type.String({ maxLength: 255 }), text: Type.String({ maxLength: 10_000_000 }) },
      { additionalProperties: false, description: 'The script itself, which the command of the task names.' },
    ),
  ),
  secrets: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Values by name. Kept sealed until the job ends, never given back.',
    }),
  ),
  workingDirectory: Type.Optional(
    Type.String({ maxLength: 4_096, description: "A folder of the server's machine; else one of the job's own." }),
  ),
  environment: Type.Optional(texts),
  python: Type.Optional(Type.String({ maxLength: 4_096, description: 'Path or name of the Python to use.' })),
  commandLine: Type.Optional(Type.Array(Type.String(), { maxItems: 10_000, description: 'For the record.' })),
  parameterTexts: Type.Optional(texts),
}

export const jobOperations = {
  submitJob: jobs({
    method: 'POST',
    path: '/jobs',
    summary: 'Ask for a run on the server. It is pending until there is room for it',
    body: closed({
      ...jobRequest,
      run: Type.Optional(
        Type.String({ pattern: '^[0-9a-f]{32}$', description: 'The id of the run to be made, or of one that has not begun.' }),
      ),
    }),
    answer: Type.Object({ job, run }),
  }),
  extendSweep: jobs({
    method: 'POST',
    path: '/runs/{run}/extend',
    summary: 'Give a sweep that has ended more iterations: it goes on where it was, as a job',
    body: closed({
      maxIterations: Type.Integer({ minimum: 1, maximum: mostIterations, description: 'In all, those it has included.' }),
    }),
    answer: Type.Object({ job, run }),
  }),
  listJobs: jobs({
    method: 'GET',
    path: '/jobs',
    summary: 'Jobs that run, then those that wait in the order they will start, then ended ones',
    query: closed({
      project: Type.Optional(Type.String()),
      state: Type.Optional(Type.Enum(['queued', 'leased', 'ended'])),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    }),
    answer: Type.Object({ jobs: Type.Array(job) }),
  }),
  getJob: jobs({ method: 'GET', path: '/jobs/{run}', summary: 'The job of a run', answer: job }),
  changeJob: jobs({
    method: 'PATCH',
    path: '/jobs/{run}',
    summary: 'Give a job that waits another priority',
    body: closed({ priority }),
    answer: job,
  }),
  getJobLimits: jobs({
    method: 'GET',
    path: '/job-limits',
    summary: 'How many jobs of each limited project run at a time',
    answer: Type.Object({ limits: Type.Record(Type.String(), count) }),
  }),
  setJobLimit: jobs({
    method: 'PUT',
    path: '/job-limits/{project}',
    summary: 'Limit how many jobs of a project run at a time; null lifts the limit',
    body: closed({ running: nullable(integer({ minimum: 0, maximum: 1_000_000 })) }),
    answer: Type.Object({ limits: Type.Record(Type.String(), count) }),
  }),
}
