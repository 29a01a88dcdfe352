import { isJsonObject, type JsonObject, sentence } from '@trainyard/contract'
import type { ScheduleRecord, Schedules } from '../../schedules/index.ts'
import { readCron, toTrigger } from './cron.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { labelsOf, objectAt, textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import { notificationsOf, withSecretsByName } from './notifications.ts'
import { hasLabels } from './query.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import { toRun } from './run-view.ts'
import { findRecord, putRecord, removeRecord } from './stored-records.ts'
import { functionOf, planOf } from './submit.ts'
import { toTime } from './times.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What a client sent to be carried out at each time, beside the schedule itself. */
const sent = { kind: 'scheduled-object', what: 'schedule' }

export const scheduleRoutes: readonly Route[] = [
  route('POST', 'projects/:project/schedules', async (context, call) => {
    const body = documentIn(call, 'a schedule')
    const name = textOf(body['name'])
    if (name === undefined) throw invalid("The schedule has no name; give it one in 'name'.")
    await putSchedule(context, call, { project: call.params['project']!, name, body, replaces: false })
    return new Answer(201, '')
  }),
  route('PUT', 'projects/:project/schedules/:name', async (context, call) => {
    const { project = '', name = '' } = call.params
    const known = await get(context, call)
    const body = withoutNull(documentIn(call, 'a schedule'))
    if (body['scheduled_object'] === undefined) requireWholeTask(known)
    await putSchedule(context, call, { project, name, body: { ...(await toDocument(context, known)), ...body }, replaces: true })
    return {}
  }),
  route('PUT', 'projects/:project/schedules/:name/notifications', async (context, call) => {
    const { project = '', name = '' } = call.params
    const { notifications } = documentIn(call, "an object with 'notifications'")
    if (!Array.isArray(notifications)) throw invalid("The body has no list of 'notifications'.")
    const known = await get(context, call)
    requireWholeTask(known)
    const document = await toDocument(context, known)
    const object = objectAt(document, 'scheduled_object')
    const task = { ...objectAt(object, 'task'), spec: { ...objectAt(object, 'task', 'spec'), notifications } }
    await putSchedule(context, call, {
      project,
      name,
      body: { ...document, scheduled_object: { ...object, task } },
      replaces: true,
    })
    return {}
  }),
  route('GET', 'projects/:project/schedules/:name', async (context, call) => toDocument(context, await get(context, call), call)),
  route('GET', 'projects/:project/schedules', list),
  route('DELETE', 'projects/:project/schedules/:name', async (context, call) => {
    const { project = '', name = '' } = call.params
    await removeSchedule(context, project, name)
    return noContent()
  }),
  route('DELETE', 'projects/:project/schedules', async (context, { params: { project = '' } }) => {
    for (const { name } of await schedulesOf(context).list({ project, limit: 10_000 }))
      await removeSchedule(context, project, name)
    return noContent()
  }),
  route('POST', 'projects/:project/schedules/:name/invoke', async (context, call) => {
    await get(context, call)
    const { project = '', name = '' } = call.params
    const { runId, reason } = await schedulesOf(context).fire(project, name)
    if (runId === null)
      throw new MlrunError(409, sentence(`The schedule ${project}/${name} did not start: ${reason ?? 'no reason told'}`))
    return { data: toRun(await context.tracking.runs.get(runId), undefined) }
  }),
]

/** A task with secrets by value is not known as a whole: it cannot be put again with a part changed. */
function requireWholeTask({ project, name, secretNames }: ScheduleRecord): void {
  if (secretNames.length === 0) return
  throw invalid(`The task of the schedule ${project}/${name} was given secrets by value, which nobody is shown: send it again.`)
}

const withoutNull = (body: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))

/** What its notifications keep secret has names of its own among the secrets of the project. */
const secretsOf = (name: string): string => `schedules.${name}.notifications`

async function removeSchedule(context: MlrunContext, project: string, name: string): Promise<void> {
  if (await schedulesOf(context).find(project, name)) await schedulesOf(context).remove(project, name)
  await removeRecord(context, sent, { project, name })
  await forgetSecrets(context, project, name)
}

async function forgetSecrets({ projectSecrets }: MlrunContext, project: string, name: string): Promise<void> {
  const names = (await projectSecrets.list(project)).map((secret) => secret.name)
  const old = names.filter((each) => each.startsWith(`${secretsOf(name)}.`))
  if (old.length > 0) await projectSecrets.remove(project, old)
}

function schedulesOf({ schedules }: MlrunContext): Schedules {
  if (schedules) return schedules
  throw new MlrunError(
    403,
    'This server takes no schedules: everybody who reaches it could run programs on it. Start it with --token.',
  )
}

async function get(context: MlrunContext, { params: { project = '', name = '' } }: MlrunCall): Promise<ScheduleRecord> {
  const found = await schedulesOf(context).find(project, name)
  if (!found) throw missing(`Schedule ${project}/${name} not found.`)
  return found
}

/** A task that is to be carried out at times. What its client is told. */
export async function scheduleTask(context: MlrunContext, call: MlrunCall, body: JsonObject): Promise<JsonObject> {
  const metadata = objectAt(body, 'task', 'metadata')
  const project = checkProjectName(textOf(metadata['project']) ?? 'default')
  const name = textOf(metadata['name'])
  if (name === undefined) throw invalid("A scheduled task needs a name, in 'task.metadata.name'.")
  const { schedule, ...object } = body
  const isKnown = (await schedulesOf(context).find(project, name)) !== undefined
  const told = { scheduled_object: object, cron_trigger: schedule ?? null, labels: objectAt(metadata, 'labels') }
  await putSchedule(context, call, { project, name, body: told, replaces: true })
  return { schedule: schedule ?? null, project, name, action: isKnown ? 'modified' : 'created' }
}

async function putSchedule(
  context: MlrunContext,
  call: MlrunCall,
  { project, name, body, replaces }: { project: string; name: string; body: JsonObject; replaces: boolean },
): Promise<void> {
  const object = objectAt(body, 'scheduled_object')
  const task = objectAt(object, 'task')
  if (Object.keys(task).length === 0)
    throw invalid("The schedule has no task: send the run that is to be carried out in 'scheduled_object.task'.")
  const { timing, trigger, jitterMs } = readCron(body['cron_trigger'] ?? body['schedule'] ?? null)
  const document = await functionOf(context, object, task)
  const labels = { ...labelsOf(body['labels']), 'mlrun/schedule-name': name }
  const { uid: _, ...metadata } = objectAt(task, 'metadata')
  const { output_path: path, ...spec } = objectAt(task, 'spec')
  // Where it names no run, each run has a place of its own.
  const place = textOf(path)?.includes('{{run.uid}}') === false ? { output_path: path! } : {}
  const told = withSecretsByName(spec['notifications'], secretsOf(name))
  const repeated = {
    ...task,
    metadata: { ...metadata, labels: { ...objectAt(metadata, 'labels'), ...labels } },
    spec: { ...spec, ...place, notifications: told.notifications },
  }
  const { secrets, runId: __, owner, ...job } = await planOf(context, call, { task: repeated, document })
  const limit = body['concurrency_limit']
  if (Object.keys(told.secrets).length > 0) await context.projectSecrets.set(project, told.secrets)
  await schedulesOf(context).add(
    {
      project,
      name,
      owner,
      timing,
      ...(jitterMs === undefined ? {} : { jitterMs }),
      concurrency: typeof limit === 'number' && limit > 1 ? 'allow' : 'forbid',
      labels: labelsOf(body['labels']),
      job: { ...job, task: { ...job.task, notifications: notificationsOf(told.notifications) } },
      ...(secrets === undefined ? {} : { secrets }),
    },
    { replace: replaces },
  )
  const kept = { ...withoutSecrets(objectAt(task, 'spec')), notifications: told.notifications }
  await putRecord(context, sent, {
    project,
    name,
    body: {
      scheduled_object: { ...object, task: { ...task, spec: kept } },
      cron_trigger: trigger,
      concurrency_limit: limit ?? 1,
    },
  })
}

async function toDocument(context: MlrunContext, schedule: ScheduleRecord, call?: MlrunCall): Promise<JsonObject> {
  const { project, name, timing, labels, nextAtMs, createdAtMs, state, job } = schedule
  const written = (await findRecord(context, sent, { project, name })) ?? {}
  // The newest that started something: times that were passed over say nothing of a run.
  const firings = await schedulesOf(context).history(project, name, 100)
  const runId = firings.find((firing) => firing.runId !== null)?.runId ?? null
  const run =
    runId === null || call?.query.flag('include_last_run') !== true ? undefined : await context.tracking.runs.find(runId)
  return {
    kind: 'job',
    scheduled_object: written['scheduled_object'] ?? {
      task: { metadata: { name, project }, spec: { parameters: (job.task.parameters ?? {}) as JsonObject } },
    },
    cron_trigger: isJsonObject(written['cron_trigger']) ? written['cron_trigger'] : toTrigger(timing),
    concurrency_limit: written['concurrency_limit'] ?? 1,
    name,
    project,
    labels,
    creation_time: toTime(createdAtMs),
    next_run_time: nextAtMs === null ? null : toTime(nextAtMs),
    state: state === 'active' ? 'online' : state,
    last_run_uri: runId === null ? null : `${project}@${runId}#0`,
    ...(run === undefined ? {} : { last_run: toRun(run, undefined) }),
    credentials: {},
  }
}

async function list(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { project = '' } = call.params
  const { query } = call
  const [name, labels, kind] = [query.condition('name'), query.labels(), query.text('kind')]
  const [since, until] = [query.timeMs('next_run_time_since'), query.timeMs('next_run_time_until')]
  const found = await schedulesOf(context).list({ ...(project === '*' ? {} : { project }), limit: 1_000 })
  const wanted = found.filter(
    (each) =>
      (name === undefined ||
        (name.contains ? each.name.toLowerCase().includes(name.text.toLowerCase()) : each.name === name.text)) &&
      hasLabels(each.labels, labels) &&
      (kind === undefined || kind === 'job') &&
      (since === undefined || (each.nextAtMs ?? 0) >= since) &&
      (until === undefined || (each.nextAtMs ?? Number.POSITIVE_INFINITY) <= until),
  )
  return { schedules: await Promise.all(wanted.map((each) => toDocument(context, each, call))) }
}
