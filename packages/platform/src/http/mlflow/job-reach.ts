import type { ProxiedPlace } from './artifact-places.ts'
import type { RunRecord } from '@trainyard/contract'
import { MlflowError } from './errors.ts'
import { type Job, nowOf, parentTag } from './job-scope.ts'
import type { MlflowContext, Route } from './route.ts'

/**
 * What the token of a job opens. It reads everything of its project. It writes to its own run and the runs below it, their files, models
 * and traces, and to the experiments it has chosen; it registers models and versions, promotes and describes them. It deletes no model,
 * changes no experiment of others, and touches no webhook. What is unknown is let through: whoever answers says that it is missing.
 */
export interface JobReach {
  /** Refuses a message that asks for more. */
  checkMessage(job: Job, route: Pick<Route, 'method' | 'path'>, written: unknown, params: Named): Promise<void>
  /** Refuses somebody else's files: those of other projects to be read, those of other runs to be written. */
  checkFile(job: Job, owner: ProxiedPlace['owner'], isWrite: boolean): Promise<void>
  /** Refuses spans for traces of others. */
  checkTraces(job: Job, ids: readonly string[]): Promise<void>
}

type Named = Readonly<Record<string, string>>

const refused = new Set([
  'POST experiments/update',
  'POST experiments/delete',
  'POST experiments/restore',
  'POST registered-models/rename',
  'DELETE registered-models/delete',
  'DELETE model-versions/delete',
  'DELETE datasets/:dataset_id',
  'DELETE scorers/delete',
  'PUT scorers/online-config',
  'POST webhooks',
  'PATCH webhooks/:webhook_id',
  'DELETE webhooks/:webhook_id',
  'POST webhooks/:webhook_id/test',
  'POST workspaces',
])

/** Questions that are asked with a body, and what names a run, an experiment or a model without changing it. */
const reading =
  /^(?:[\w-]+\/search|experiments\/search-datasets|registered-models\/get-latest-versions|traces\/(?:batchGetInfos|metrics|calculate-filter-correlation)|model-versions\/create|runs\/create|datasets\/.*)$/

const mostRemembered = 10_000

export function createJobReach({ tracking, traces }: Pick<MlflowContext, 'tracking' | 'traces'>): JobReach {
  const isOwnRun = async (job: Job, id: string): Promise<boolean> => {
    const passed: string[] = []
    for (let at: string | null = id; at !== null;) {
      if (job.own.has(at)) {
        if (job.own.size > mostRemembered) job.own.clear()
        for (const each of passed) job.own.add(each)
        return true
      }
      const run: RunRecord | undefined = at === job.runId ? undefined : await tracking.runs.find(at)
      if (!run) return at === job.runId || at === id
      passed.push(at)
      at = run.parentId
    }
    return false
  }
  const isReached = ({ family }: Job, experimentId: string): boolean => {
    const now = String(nowOf(family, experimentId))
    return now === family.experimentId || family.used.has(now)
  }
  const checkRuns = async (job: Job, ids: readonly string[], isWrite: boolean): Promise<void> => {
    for (const id of new Set(ids)) {
      if (job.own.has(id)) continue
      if (isWrite) {
        if (!(await isOwnRun(job, id))) throw notOwn(`the run ${id.slice(0, 80)}`)
      } else if (((await tracking.runs.find(id))?.project ?? job.project) !== job.project) throw elsewhere(`The run ${id}`)
    }
  }
  const checkExperiments = async (job: Job, ids: readonly string[], isWrite: boolean): Promise<void> => {
    for (const id of new Set(ids)) {
      if (isReached(job, id)) continue
      const found = /^\d{1,15}$/.test(id) ? await tracking.experiments.find(id) : undefined
      if (!found) continue
      if (found.project !== job.project) throw elsewhere(`The experiment ${id}`)
      if (isWrite) throw notOwn(`the experiment ${id}`)
    }
  }
  const checkModel = async (job: Job, id: string, isWrite: boolean): Promise<void> => {
    const model = await tracking.loggedModels.find(id)
    if (!model) return
    if (model.project !== job.project) throw elsewhere(`The model ${id}`)
    if (isWrite && (model.sourceRunId === null || !(await isOwnRun(job, model.sourceRunId)))) throw notOwn(`the model ${id}`)
  }
  const checkTraces = async (job: Job, ids: readonly string[], isWrite: boolean): Promise<void> => {
    for (const { id, project, experimentId } of await traces.findMany([...new Set(ids)])) {
      if (project !== job.project) throw elsewhere(`The trace ${id}`)
      if (isWrite && !isReached(job, experimentId)) throw notOwn(`the trace ${id}`)
    }
  }
  return {
    async checkMessage(job, { method, path }, written, params) {
      if (refused.has(`${method} ${path}`)) throw notOwn(`what ${method} ${path} changes`)
      const fields = isFields(written) ? written : {}
      const isWrite = method !== 'GET' && !reading.test(path)
      const runs = textsOf(fields, 'run_id', 'run_uuid', 'run_ids', 'source_run_id')
      await checkRuns(job, runs, isWrite)
      await checkRuns(job, parentsIn(path, fields), true)
      const experiments = textsOf(fields, 'experiment_id', 'experiment_ids')
      // Where new traces and models go is changed, not refused.
      if (!placed.has(path)) await checkExperiments(job, [...experiments, ...locationsIn(fields)], isWrite)
      if (params['model_id'] !== undefined) await checkModel(job, params['model_id'], isWrite)
      const traceIds = textsOf({ ...fields, ...params }, 'trace_id', 'trace_ids', 'request_id', 'request_ids')
      const told = path === 'traces' ? tracesIn(fields) : []
      if (traceIds.length + told.length > 0) await checkTraces(job, [...traceIds, ...told], isWrite)
    },
    async checkFile(job, { kind, id }, isWrite) {
      if (kind === 'run') await checkRuns(job, [id], isWrite)
      else if (kind === 'model') await checkModel(job, id, isWrite)
      else await checkTraces(job, [id], isWrite)
    },
    checkTraces: (job, ids) => checkTraces(job, ids, true),
  }
}

const placed = new Set(['traces', 'logged-models', 'experiments/create'])

const notOwn = (what: string): MlflowError =>
  new MlflowError(
    'PERMISSION_DENIED',
    `The token of a job writes to its own run, the runs below it and what they log; ${what} is not among them. To change more, give the script the server's own token as MLFLOW_TRACKING_TOKEN.`,
  )

const elsewhere = (what: string): MlflowError =>
  new MlflowError('PERMISSION_DENIED', `${what} is in another project; the token of a job reads its own project only.`)

type Fields = Readonly<Record<string, unknown>>

const isFields = (written: unknown): written is Fields =>
  typeof written === 'object' && written !== null && !Array.isArray(written)

const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A field in either spelling, as decoders read it. */
const fieldOf = (fields: Fields, name: string): unknown => fields[name] ?? fields[camelCase(name)]

/** All texts and numbers that stand in fields of these names. */
const textsOf = (fields: Fields, ...names: string[]): string[] =>
  names
    .flatMap((name) => fieldOf(fields, name) ?? [])
    .flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? [String(value)] : []))
    .filter((text) => text !== '')

const listAt = (fields: Fields, name: string): Fields[] => [fieldOf(fields, name) ?? []].flat().filter(isFields)

/** Runs that others are to be put below. */
const parentsIn = (path: string, fields: Fields): string[] => {
  const tags =
    path === 'runs/set-tag' ? [fields] : path === 'runs/create' || path === 'runs/log-batch' ? listAt(fields, 'tags') : []
  return tags.filter(({ key }) => key === parentTag).flatMap((tag) => textsOf(tag, 'value'))
}

const locationsIn = (fields: Fields): string[] =>
  listAt(fields, 'locations').flatMap((location) =>
    listAt(location, 'mlflow_experiment').flatMap((experiment) => textsOf(experiment, 'experiment_id')),
  )

const tracesIn = (fields: Fields): string[] =>
  listAt(fields, 'trace').flatMap((trace) => listAt(trace, 'trace_info').flatMap((info) => textsOf(info, 'trace_id')))
