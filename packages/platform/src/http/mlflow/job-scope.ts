import type { MlflowContext, MlflowCall, Route } from './route.ts'

/**
 * What the clients in one job see differently, so that a script finds its run without a setting and stays in it:
 *
 * - a new run is a child of the job's run, unless it names another parent; without an experiment it goes to that of the job's run;
 * - making an experiment makes none: until the job ends its name stands for the experiment of the job's run. So
 *   `mlflow.set_experiment` does not move the run, and what the script logs is found by the same name in the same script;
 * - where the script has chosen an experiment that exists, the job's run says that it belongs to it, because clients refuse to go on
 *   with a run of another experiment than the chosen one. Its record stays where it is.
 */
export interface Job {
  readonly runId: string
  readonly project: string
  readonly experimentId: string
  /** Shared by all runs of one job: iterations of a sweep see what was chosen when their script was imported. */
  readonly choices: Choices
}

interface Choices {
  /** Names that stand for the experiment of the job's run. */
  readonly names: Set<string>
  /** The first experiment the script looked up: scripts begin with `set_experiment`. */
  chosenId: string | undefined
}

export interface Jobs {
  /** Undefined when its run is gone. */
  of(runId: string): Promise<Job | undefined>
}

/** What is remembered of jobs that no longer ask is let go. */
const rememberedJobs = 1_000

export function createJobs({ tracking }: Pick<MlflowContext, 'tracking'>): Jobs {
  const known = new Map<string, Job>()
  const choices = new Map<string, Choices>()
  const remember = <Value>(map: Map<string, Value>, key: string, value: Value): Value => {
    if (map.size >= rememberedJobs) map.delete(map.keys().next().value!)
    map.set(key, value)
    return value
  }
  return {
    async of(runId) {
      const job = known.get(runId)
      if (job) return job
      const run = await tracking.runs.find(runId)
      const experiment = (await tracking.experiments.ofRuns([runId])).get(runId)
      if (!run || !experiment) return undefined
      const family = run.kind === 'iteration' && run.parentId !== null ? run.parentId : runId
      const shared = choices.get(family) ?? remember(choices, family, { names: new Set<string>(), chosenId: undefined })
      return remember(known, runId, { runId, project: run.project, experimentId: experiment.id, choices: shared })
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

interface Change {
  context: MlflowContext
  written: Fields
  call: MlflowCall
  job: Job
  next(written: Fields): Promise<object>
}

/** The same route, with what jobs see differently. */
export function withJobs(route: Route): Route {
  const change = changes[`${route.method} ${route.path}`]
  if (change === undefined) return route
  return {
    ...route,
    handle(context, written, call) {
      const { job } = call
      if (job === undefined || !isFields(written)) return route.handle(context, written, call)
      return change({ context, written, call, job, next: (changed) => route.handle(context, changed, call) })
    },
  }
}

const isFields = (written: unknown): written is Fields =>
  typeof written === 'object' && written !== null && !Array.isArray(written)

const changes: Readonly<Record<string, (change: Change) => Promise<object>>> = {
  'POST experiments/create': async ({ context, written, call, job, next }) => {
    const { name } = written
    const isUsable = typeof name === 'string' && name.trim() !== '' && name.length <= 500
    if (!isUsable || (await context.tracking.experiments.findByName(call.project, name))) return next(written)
    job.choices.names.add(name)
    job.choices.chosenId ??= job.experimentId
    return { experiment_id: job.experimentId }
  },
  'GET experiments/get-by-name': async ({ context, written, call, job, next }) => {
    const name = written['experiment_name']
    if (typeof name !== 'string') return next(written)
    const found = await context.tracking.experiments.findByName(call.project, name)
    if (found) job.choices.chosenId ??= found.id
    if (found || !job.choices.names.has(name)) return next(written)
    const own = await context.tracking.experiments.find(job.experimentId)
    return next({ ...written, experiment_name: own?.name ?? name })
  },
  'GET experiments/get': async ({ written, job, next }) => {
    const answer = await next(written)
    job.choices.chosenId ??= String(written['experiment_id'])
    return answer
  },
  'GET runs/get': async ({ written, job, next }) => {
    const answer = await next(written)
    const isOwn = [written['run_id'], written['run_uuid']].includes(job.runId)
    return isOwn ? inExperiment(answer, job.choices.chosenId ?? job.experimentId) : answer
  },
  'POST runs/create': ({ written, job, next }) => {
    const tags = Array.isArray(written['tags']) ? (written['tags'] as unknown[]) : []
    const hasParent = tags.some((each) => isFields(each) && each['key'] === parentTag && each['value'])
    const { experiment_id } = written
    return next({
      ...written,
      experiment_id: [undefined, '0', 0].includes(experiment_id as string) ? job.experimentId : experiment_id,
      tags: hasParent ? tags : [...tags, { key: parentTag, value: job.runId }],
    })
  },
  'POST logged-models': ({ written, job, next }) => {
    const source = written['source_run_id'] || job.runId
    return next({ ...written, source_run_id: source, ...(source === job.runId ? { experiment_id: job.experimentId } : {}) })
  },
}

const parentTag = 'mlflow.parentRunId'

function inExperiment(answer: object, experiment_id: string): object {
  const { run } = answer as { run: { info: object } }
  return { ...answer, run: { ...run, info: { ...run.info, experiment_id } } }
}
