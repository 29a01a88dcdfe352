import type { ExperimentRecord } from '../../tracking/index.ts'
import type { MlflowContext, MlflowCall, Route } from './route.ts'
import { cutTagValue } from './validation.ts'

/**
 * What the clients in one job see differently, so that a script finds its run without a setting and stays in it:
 *
 * - a new run is a child of the job's run, unless it names another parent; without an experiment it goes to that of the job's run,
 *   and a nested one lies with its parent;
 * - `mlflow.set_experiment` before the run is begun moves the run's record into that experiment, with its sweep and all below it.
 *   Clients do not say that they choose: a script's first look at an experiment counts as its choice;
 * - where the experiment was named to `trainyard run`, or the sweep has begun in one, that experiment stands: it answers to the name
 *   the script chooses, because clients refuse to go on with a run of another experiment than the chosen one;
 * - a trace that is made in no run of the script's is of the job's run;
 * - a name that was given to `trainyard run` stays; the client's is kept as the label `mlflow.runName`.
 */
export interface Job {
  readonly runId: string
  readonly project: string
  /** Who started it. */
  readonly owner: string
  readonly family: Family
  /** Runs that are known to be its own or below it. */
  readonly own: Set<string>
  /** Its client has looked an experiment up. */
  hasLooked: boolean
  /** Its client goes on with the run: what it looks up from now on is no choice. */
  hasBegun: boolean
}

/** A run with its iterations: they lie in one experiment, and see what was chosen when their script was imported. */
export interface Family {
  /** Where their records lie. */
  experimentId: string
  /** Whether the user has named the run, and its experiment, to Trainyard. */
  readonly isNamed: boolean
  readonly isPlaced: boolean
  /** Whether one of them has begun, in the experiment of all. */
  isSettled: boolean
  /** Names that stand for their experiment. */
  readonly names: Set<string>
  /** Experiments that their scripts have looked up or made: traces may go there. */
  readonly used: Set<string>
  /** What the script has chosen, until one of them begins; and whether it has read the runs there. */
  wanted: { id: string; wasRead: boolean } | undefined
  /** Where they lay before: clients may have been told so at their start. */
  readonly left: Set<string>
}

export interface Jobs {
  /** Undefined when its run is gone. */
  of(runId: string): Promise<Job | undefined>
}

/** What is remembered of jobs that no longer ask is let go. */
const rememberedJobs = 1_000

export function createJobs({ tracking }: Pick<MlflowContext, 'tracking'>): Jobs {
  const known = new Map<string, Job>()
  const families = new Map<string, Family>()
  const remember = <Value>(map: Map<string, Value>, key: string, value: Value): Value => {
    if (map.size >= rememberedJobs) map.delete(map.keys().next().value!)
    map.set(key, value)
    return value
  }
  const familyOf = async (runId: string): Promise<Family | undefined> => {
    const task = (await tracking.runs.find(runId))?.task
    const experiment = (await tracking.experiments.ofRuns([runId])).get(runId)
    const family = families.get(runId)
    if (family || !experiment) return family
    return remember(families, runId, {
      experimentId: experiment.id,
      isNamed: task?.name !== undefined,
      isPlaced: task?.experiment !== undefined,
      isSettled: false,
      names: new Set<string>(),
      used: new Set<string>(),
      wanted: undefined,
      left: new Set<string>(),
    })
  }
  return {
    async of(runId) {
      const job = known.get(runId)
      if (job) return job
      const run = await tracking.runs.find(runId)
      if (!run) return undefined
      const root = run.kind === 'iteration' && run.parentId !== null ? run.parentId : runId
      const family = families.get(root) ?? (await familyOf(root))
      if (!family) return undefined
      return (
        known.get(runId) ??
        remember(known, runId, {
          runId,
          project: run.project,
          owner: run.owner,
          family,
          own: new Set([runId]),
          hasLooked: false,
          hasBegun: false,
        })
      )
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
    if (!isUsable) return next(written)
    const { family } = job
    const found = await context.tracking.experiments.findByName(call.project, name)
    // Two iterations make it at the same moment.
    if (found && !job.hasBegun && family.wanted?.id === found.id) return { experiment_id: found.id }
    if (found) return next(written)
    if (family.isPlaced || (family.isSettled && !job.hasBegun)) {
      family.names.add(name)
      job.hasLooked = true
      return { experiment_id: family.experimentId }
    }
    const answer = await next(written)
    const { experiment_id } = answer as { experiment_id: string }
    family.used.add(experiment_id)
    if (!family.isSettled) family.wanted = { id: experiment_id, wasRead: false }
    job.hasLooked = true
    return answer
  },
  'GET experiments/get-by-name': async ({ context, written, call, job, next }) => {
    const name = written['experiment_name']
    if (typeof name !== 'string') return next(written)
    const { experiments } = context.tracking
    if (!job.family.names.has(name)) {
      const found = await experiments.findByName(call.project, name)
      if (!found || choose(job, found) === found.id) return next(written)
      job.family.names.add(name)
    }
    const own = await experiments.find(job.family.experimentId)
    return next({ ...written, experiment_name: own?.name ?? name })
  },
  'GET experiments/get': async ({ context, written, job, next }) => {
    const id = String(written['experiment_id'])
    const found = /^\d{1,15}$/.test(id) ? await context.tracking.experiments.find(id) : undefined
    return found ? next({ ...written, experiment_id: choose(job, found) }) : next(written)
  },
  'POST runs/search': ({ written, job: { family }, next }) => {
    const { experiment_ids: ids } = written
    if (family.wanted && Array.isArray(ids) && ids.includes(family.wanted.id)) family.wanted.wasRead = true
    if (!Array.isArray(ids)) return next(written)
    return next({ ...written, experiment_ids: (ids as unknown[]).map((id) => nowOf(family, id)) })
  },
  'GET runs/get': async ({ context, written, job, next }) => {
    if (isOwn(job, written)) await begin(context, job)
    return next(written)
  },
  'POST runs/update': async ({ context, written, job, next }) => {
    const { run_name: name, ...others } = written
    if (typeof name !== 'string' || name === '' || !isOwn(job, written) || !job.family.isNamed) return next(written)
    const answer = await next(others)
    await keepName(context, job, name)
    return answer
  },
  'POST runs/set-tag': async ({ context, written, job, next }) => {
    const { key, value } = written
    if (key !== nameTag || typeof value !== 'string' || !isOwn(job, written) || !job.family.isNamed) return next(written)
    await keepName(context, job, value)
    return {}
  },
  'POST runs/log-batch': async ({ context, written, job, next }) => {
    const { tags } = written
    const isName = (each: unknown): boolean => isFields(each) && each['key'] === nameTag && typeof each['value'] === 'string'
    const name = Array.isArray(tags) ? (tags as Fields[]).find(isName)?.['value'] : undefined
    if (name === undefined || !isOwn(job, written) || !job.family.isNamed) return next(written)
    const answer = await next({ ...written, tags: (tags as unknown[]).filter((each) => !isName(each)) })
    await keepName(context, job, name as string)
    return answer
  },
  'POST runs/create': async ({ context, written, job, next }) => {
    await begin(context, job)
    const { family } = job
    const tags = Array.isArray(written['tags']) ? (written['tags'] as unknown[]) : []
    const parent = tags.find((each): each is Fields => isFields(each) && each['key'] === parentTag && Boolean(each['value']))
    const { experiment_id: given } = written
    const isUnsaid = family.isPlaced || [undefined, '', '0', 0].includes(given as string)
    const place = (await experimentOfParent(context, parent)) ?? (isUnsaid ? family.experimentId : nowOf(family, given))
    family.used.add(String(place))
    return next({
      ...written,
      experiment_id: place,
      tags: parent ? tags : [...tags, { key: parentTag, value: job.runId }],
    })
  },
  'POST logged-models': ({ written, job, next }) => {
    const source = written['source_run_id'] || job.runId
    const place = source === job.runId ? { experiment_id: job.family.experimentId } : {}
    return next({ ...written, source_run_id: source, ...place })
  },
  'POST traces': ({ written, job: { family, runId }, next }) => {
    const { trace } = written
    if (!isFields(trace)) {
      // Of the second version of the protocol.
      const { request_metadata: told = [] } = written
      const hasRun = !Array.isArray(told) || (told as unknown[]).some((each) => isFields(each) && each['key'] === sourceRun)
      const request_metadata = hasRun ? told : [...(told as unknown[]), { key: sourceRun, value: runId }]
      return next({ ...written, request_metadata, experiment_id: experimentOfTraces(family, written['experiment_id']) })
    }
    const info = isFields(trace['trace_info']) ? trace['trace_info'] : {}
    const location = isFields(info['trace_location']) ? info['trace_location'] : {}
    const named = isFields(location['mlflow_experiment']) ? location['mlflow_experiment']['experiment_id'] : undefined
    const mlflow_experiment = { experiment_id: experimentOfTraces(family, named) }
    const trace_location = { ...location, type: 'MLFLOW_EXPERIMENT', mlflow_experiment }
    const { trace_metadata: told = {} } = info
    const trace_metadata = isFields(told) ? { [sourceRun]: runId, ...told } : told
    return next({ ...written, trace: { ...trace, trace_info: { ...info, trace_location, trace_metadata } } })
  },
  'POST traces/search': ({ written, job: { family }, next }) => {
    const { locations } = written
    if (!Array.isArray(locations)) return next(written)
    return next({ ...written, locations: (locations as unknown[]).map((location) => locationNow(family, location)) })
  },
}

export const parentTag = 'mlflow.parentRunId'
const nameTag = 'mlflow.runName'
/** Clients say it where a run is begun; in a job there always is one. */
const sourceRun = 'mlflow.sourceRun'

const isOwn = ({ runId }: Job, { run_id, run_uuid }: Fields): boolean => [run_id, run_uuid].includes(runId)

/** Traces lie with the run, or where the script has looked: what was no choice of its own is not meant. */
export function experimentOfTraces(family: Family, given: unknown): string {
  const now = String(nowOf(family, given))
  return family.used.has(now) ? now : family.experimentId
}

function locationNow(family: Family, location: unknown): unknown {
  if (!isFields(location) || !isFields(location['mlflow_experiment'])) return location
  const { mlflow_experiment: experiment } = location
  return { ...location, mlflow_experiment: { ...experiment, experiment_id: nowOf(family, experiment['experiment_id']) } }
}

/** An id that the job was told at its start means where its run lies now. */
export const nowOf = (family: Family, id: unknown): unknown => (family.left.has(String(id)) ? family.experimentId : id)

/** The id to answer for an experiment that a client looks up, which may be its choice. */
function choose(job: Job, { id, project, trashedAtMs }: ExperimentRecord): string {
  const { family } = job
  if (family.left.has(id)) return family.experimentId
  if (id === family.experimentId || project !== job.project || trashedAtMs !== null) return id
  family.used.add(id)
  const isFirst = !job.hasLooked && !job.hasBegun
  job.hasLooked = true
  if (family.isPlaced || family.isSettled) return isFirst ? family.experimentId : id
  // Looked up to read its runs, and then another one: it was no choice.
  if (family.wanted === undefined || (family.wanted.wasRead && family.wanted.id !== id)) family.wanted = { id, wasRead: false }
  return id
}

/** From here on the run lies where the script has chosen. */
async function begin({ tracking }: MlflowContext, job: Job): Promise<void> {
  const { family } = job
  job.hasBegun = true
  if (family.isSettled) return
  family.isSettled = true
  const { wanted, experimentId: before } = family
  if (family.isPlaced || wanted === undefined || wanted.id === before) return
  family.experimentId = wanted.id
  family.left.add(before)
  if (await tracking.reported.move(job.runId, wanted.id)) return
  family.experimentId = before
  family.left.delete(before)
}

async function experimentOfParent({ tracking }: MlflowContext, parent: Fields | undefined): Promise<string | undefined> {
  if (parent === undefined) return undefined
  const id = String(parent['value'])
  return (await tracking.experiments.ofRuns([id])).get(id)?.id
}

const keepName = ({ tracking }: MlflowContext, { runId }: Job, name: string): Promise<void> =>
  tracking.reported.log(runId, { labels: { [nameTag]: cutTagValue(name) } })
