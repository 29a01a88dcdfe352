import { isEnded, isJsonObject, type JsonObject, type RunRecord } from '@trainyard/contract'
import { abortRun } from '../../execution/index.ts'
import { type KnownRun, reporter } from '../../tracking/index.ts'
import { artifactsOfRun } from './artifact-listing.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { objectAt } from './json.ts'
import { checkProjectName, runIdOf } from './names.ts'
import { notificationsOf } from './notifications.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { type Incoming, patchDocument, storeDocument } from './run-document.ts'
import { findRuns, toRunQuery } from './run-query.ts'
import { toRun } from './run-view.ts'
import { isBusy } from './states.ts'

export const runRoutes: readonly Route[] = [
  ...(['projects/:project/runs/:uid', 'run/:project/:uid'] as const).flatMap((path) => [
    route('POST', path, store),
    route('PATCH', path, patch),
    route('GET', path, read),
    route('DELETE', path, remove),
  ]),
  route('GET', 'projects/:project/runs', list),
  // Old clients look for ended runs in a place of their own, as new ones do.
  route('GET', 'projects/:project/completed_runs', list),
  route('GET', 'runs', list),
  route('DELETE', 'projects/:project/runs', removeMany),
  route('DELETE', 'runs', removeMany),
  route('POST', 'projects/:project/runs/:uid/abort', abort),
  route('PUT', 'projects/:project/runs/:uid/notifications', setNotifications),
  // They are sent when the run ends; a client that asks once more has nothing to wait for.
  route('POST', 'projects/:project/runs/:uid/push-notifications', async (context, call) => {
    await findRun(context, { project: projectOf(call), uid: call.params['uid']! })
    return {}
  }),
]

const projectOf = ({ params, query }: MlrunCall): string => params['project'] ?? query.text('project') ?? 'default'

/** The parts of a request that say which run it is about. */
function nameOf(call: MlrunCall): { project: string; uid: string; runId: string; iteration: number } {
  const project = projectOf(call)
  const uid = call.params['uid']!
  const iteration = call.query.integer('iter') ?? 0
  if (iteration < 0) throw invalid(`Iterations are counted from 1, not ${iteration}.`)
  return { project, uid, runId: runIdOf(project, uid), iteration }
}

const runMissing = (project: string, uid: string, iteration: number): Error =>
  missing(`Run ${project}/${uid}${iteration > 0 ? `, iteration ${iteration},` : ''} not found.`)

export async function findRun(
  { tracking }: MlrunContext,
  { project, uid, iteration = 0 }: { project: string; uid: string; iteration?: number },
): Promise<RunRecord> {
  const runId = runIdOf(project, uid)
  const id = iteration > 0 ? await tracking.runDocuments.iterationId(runId, iteration) : runId
  const run = id === undefined ? undefined : await tracking.runs.find(id)
  if (!run || run.trashedAtMs !== null || (run.project !== project && project !== '*')) throw runMissing(project, uid, iteration)
  return run
}

async function incomingOf(context: MlrunContext, call: MlrunCall, written: JsonObject): Promise<Incoming> {
  const { project, uid, runId, iteration } = nameOf(call)
  const results =
    objectAt(written, 'status', 'results')['best_iteration'] ?? objectAt(written, 'status.results')['best_iteration']
  const best = typeof results === 'number' && results > 0 ? results : undefined
  return {
    name: { project, runId, iteration },
    uid,
    nowMs: context.clock.nowMs(),
    place: context.placeOfRun(runId, project),
    bestRunId: best === undefined ? undefined : await context.tracking.runDocuments.iterationId(runId, best),
  }
}

async function store(context: MlrunContext, call: MlrunCall): Promise<object> {
  const written = documentIn(call, 'a run')
  const incoming = await incomingOf(context, call, written)
  checkProjectName(incoming.name.project)
  await context.tracking.runDocuments.change(incoming.name, (known) => storeDocument(written, known, incoming))
  return {}
}

async function patch(context: MlrunContext, call: MlrunCall): Promise<object> {
  const written = documentIn(call, 'values by their dotted paths')
  const incoming = await incomingOf(context, call, written)
  const { project, iteration } = incoming.name
  await context.tracking.runDocuments.change(incoming.name, (known: KnownRun | undefined) => {
    if (known === undefined || known.isTrashed) throw runMissing(project, incoming.uid, iteration)
    return patchDocument(written, known, incoming)
  })
  return {}
}

async function read(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { project, uid, iteration } = nameOf(call)
  const run = await findRun(context, { project, uid, iteration })
  const documents = await context.tracking.runDocuments.ofRuns([run.id])
  const data = toRun(run, documents.get(run.id))
  const status = objectAt(data, 'status')
  const artifacts = await artifactsOfRun(context, run)
  if (Object.keys(objectAt(status, 'artifact_uris')).length === 0) status['artifact_uris'] = artifacts.uris
  if ((call.query.text('format') ?? 'full') === 'full') status['artifacts'] = artifacts.documents
  return { data }
}

async function list(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { runs, pagination } = await findRuns(context, projectOf(call), call.query, call.written)
  const documents = await context.tracking.runDocuments.ofRuns(runs.map(({ id }) => id))
  return { runs: runs.map((run) => toRun(run, documents.get(run.id))), pagination }
}

async function remove(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { project, uid, iteration } = nameOf(call)
  const run = await findRun(context, { project, uid, iteration }).catch(() => undefined)
  // What is gone already is as it was asked for.
  if (!run) return {}
  if (isBusy(run.state)) throw invalid(`Run ${project}/${uid} is ${run.state}; abort it before you delete it.`)
  await context.tracking.runs.trash([run.id], context.clock.nowMs())
  return {}
}

const dayMs = 86_400_000

async function removeMany(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { tracking, clock } = context
  const days = call.query.integer('days_ago') ?? 0
  const { query, accepts } = toRunQuery(projectOf(call), call.query)
  const since = clock.nowMs() - days * dayMs
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const { runs, next } = await tracking.runs.search({ ...query, limit: 10_000, ...(cursor === undefined ? {} : { cursor }) })
    for (const run of runs) {
      if (!accepts(run) || (days > 0 && run.createdAtMs < since)) continue
      if (isBusy(run.state)) throw invalid(`Run ${run.project}/${run.id} is ${run.state}; abort it before you delete it.`)
      ids.push(run.id)
    }
    cursor = next ?? undefined
  } while (cursor !== undefined)
  await tracking.runs.trash(ids, clock.nowMs())
  return {}
}

/** Stops the work where this server can, and closes the record in any case; the client looks after the task. */
async function abort(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const { project, uid, iteration } = nameOf(call)
  const run = await findRun(context, { project, uid, iteration })
  if (isEnded(run.state)) throw new MlrunError(409, `Run ${project}/${uid} is ${run.state} already and cannot be aborted.`)
  const body = call.body()
  const reason =
    isJsonObject(body) && typeof body['status.status_text'] === 'string'
      ? body['status.status_text']
      : `aborted by ${context.userName ?? 'its user'}`
  const task = context.tasks.start({ kind: `run.abort.${uid}`, project }, () => stop(context, run, reason))
  return new Answer(202, task)
}

async function stop({ tracking, execution, jobs }: MlrunContext, run: RunRecord, reason: string): Promise<void> {
  const ended = await jobs?.abort(run.id, { reason, force: false })
  if (ended !== undefined && ended !== false) return
  if (run.supervisor !== null && run.supervisor.host !== reporter(0).host && execution) {
    await abortRun(execution, run.id, { reason, force: false })
    return
  }
  await tracking.reported.setState(run.id, { state: 'aborted', reason })
}

async function setNotifications(context: MlrunContext, call: MlrunCall): Promise<object> {
  const written = documentIn(call, "an object with 'notifications'")
  const { notifications } = written
  if (!Array.isArray(notifications)) throw invalid("The field 'notifications' is to be a list.")
  const { project, uid, runId } = nameOf(call)
  await findRun(context, { project, uid })
  await context.notifications.attach(runId, notificationsOf(notifications))
  const incoming = await incomingOf(context, call, {})
  await context.tracking.runDocuments.change({ project, runId, iteration: 0 }, (known) => {
    if (known === undefined || known.isTrashed) throw runMissing(project, uid, 0)
    return patchDocument({ 'spec.notifications': notifications }, known, incoming)
  })
  return {}
}
