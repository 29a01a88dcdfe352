import { AppError } from '@trainyard/contract'
import { parseTask } from '../../execution/index.ts'
import type { Jobs } from '../../jobs/index.ts'
import { checkAskedJob } from '../../schedules/index.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'

export const jobHandlers: SomeHandlers<
  'submitJob' | 'extendSweep' | 'listJobs' | 'getJob' | 'changeJob' | 'getJobLimits' | 'setJobLimit'
> = {
  submitJob: async (context, { body: { run, task, commandLine, ...request }, caller }) => {
    const jobs = jobsOf(context)
    const asked = {
      ...request,
      task: checkSources(await parseTask(task, 'The task')),
      owner: caller.by,
      commandLine: commandLine ?? [caller.via],
      ...(run === undefined ? {} : { runId: run }),
    }
    // Before anything is kept: what the code shows to be wrong needs no run to tell it.
    await checkAskedJob(context.functions, asked, asked.task.project ?? 'default')
    const job = await jobs.submit(asked)
    return { job, run: await context.tracking.runs.get(job.runId) }
  },
  extendSweep: async (context, { path, body: { maxIterations } }) => {
    const job = await jobsOf(context).extend(path.run, maxIterations)
    return { job, run: await context.tracking.runs.get(job.runId) }
  },
  listJobs: async (context, { query }) => ({ jobs: await jobsOf(context).list(query) }),
  getJob: async (context, { path }) => {
    const job = await jobsOf(context).find(path.run)
    if (!job) throw new AppError('not_found', `There is no job of the run ${path.run.slice(0, 100)}.`)
    return job
  },
  changeJob: (context, { path, body }) => jobsOf(context).prioritise(path.run, body.priority),
  getJobLimits: async (context) => ({ limits: await jobsOf(context).limits() }),
  setJobLimit: async (context, { path, body }) => {
    await jobsOf(context).limit(path.project, body.running)
    return { limits: await jobsOf(context).limits() }
  },
}

export function jobsOf({ jobs }: NativeContext): Jobs {
  if (jobs) return jobs
  throw new AppError(
    'permission_denied',
    'This server takes no jobs: everybody who reaches it could run programs on it. Start it with --token.',
  )
}

/** Files and variables are of the machine that asks: their values are sent apart. */
export function checkSources<Checked extends { secrets?: readonly { kind: string; source: unknown }[] }>(task: Checked): Checked {
  for (const { kind, source } of task.secrets ?? []) {
    const holdsValue = typeof source === 'object' && source !== null && Object.values(source).some((value) => value !== '')
    if (kind === 'inline' && holdsValue)
      throw new AppError('invalid_argument', 'The task holds values of secrets: send them as `secrets`, beside the task.')
  }
  return task
}
