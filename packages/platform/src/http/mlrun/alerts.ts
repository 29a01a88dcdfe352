import { AppError, isAppError, type JsonObject } from '@trainyard/contract'
import { afterEvent, waitsFor, type WatchedAlert } from './alert-activations.ts'
import { documentIn } from './document-in.ts'
import { missing } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import { changeRecords, getRecord, listRecords, putRecord, type RecordChange, removeRecord } from './stored-records.ts'
import { readTime, toTime } from './times.ts'

const alert = { kind: 'alert', what: 'alert' }
const template = { kind: 'alert-template', what: 'alert template' }
const activation = { kind: 'alert-activation', what: 'alert activation' }
const onePage = { page: null, 'page-size': null, 'page-token': null }

const at = ({ params: { project = '', name = '' } }: MlrunCall): { project: string; name: string } => ({ project, name })

/** Clients before 1.8 take the list as it is, newer ones take it out of an object. */
const isNewClient = ({ headers }: MlrunCall): boolean => {
  const [major = 0, minor = 0] = String(headers['x-mlrun-client-version'] ?? '')
    .split('.')
    .map(Number)
  return !(major === 1 && minor < 8)
}

const toWatched = ({ event_times: times, ...document }: JsonObject): WatchedAlert => ({
  document,
  eventTimesMs: (Array.isArray(times) ? times : []).filter((each) => typeof each === 'number'),
})

const kept = (place: { project: string; name: string }, { document, eventTimesMs }: WatchedAlert) => ({
  stored: alert,
  record: { ...place, body: { ...document, event_times: eventTimesMs } },
})

async function putAlert(context: MlrunContext, call: MlrunCall): Promise<JsonObject> {
  const body = documentIn(call, 'an alert')
  const nowMs = context.clock.nowMs()
  let document: JsonObject = {}
  await changeRecords(context, alert, at(call), ([before]) => {
    document = {
      ...body,
      project: call.params['project']!,
      name: call.params['name']!,
      id: before?.['id'] ?? Math.floor(nowMs),
      created: before?.['created'] ?? toTime(nowMs),
      updated: toTime(nowMs),
      state: 'inactive',
      count: 0,
      criteria: { count: 1, period: null, ...objectAt(body, 'criteria') },
    }
    return [kept(at(call), { document, eventTimesMs: [] })]
  })
  return document
}

/** Activations of one event have numbers in a row; rows of two events of one millisecond can overlap, and then one of them is begun elsewhere. */
const mostDraws = 20

async function takeEvent(context: MlrunContext, call: MlrunCall): Promise<object> {
  const project = call.params['project']!
  const event = { ...documentIn(call, 'an event'), kind: call.params['name']! }
  for (let draw = 0; draw < mostDraws; draw++)
    try {
      await changeRecords(context, alert, { project }, (alerts) => {
        const nowMs = context.clock.nowMs()
        return changesBy(event, {
          alerts,
          project,
          nowMs,
          firstId: Math.floor(nowMs) * 1_000 + Math.floor(Math.random() * 1_000),
        })
      })
      return {}
    } catch (error) {
      if (!isTakenName(error)) throw error
    }
  throw new AppError('unavailable', `Too many events come to project '${project}' at once; send this one again.`)
}

/** Whether a record that was to be added is there already. */
const isTakenName = (error: unknown): boolean => isAppError(error, 'failed_precondition') && error.details['expected'] === null

function changesBy(
  event: JsonObject & { kind: string },
  { alerts, project, nowMs, firstId }: { alerts: readonly JsonObject[]; project: string; nowMs: number; firstId: number },
): RecordChange[] {
  let id = firstId
  return alerts
    .map(toWatched)
    .filter((watched) => waitsFor(watched, event))
    .flatMap((watched): RecordChange[] => {
      const next = afterEvent(watched, event, { nowMs, id })
      const changed = kept({ project, name: textOf(watched.document['name']) ?? '' }, next.alert)
      if (next.activation === undefined) return [changed]
      const record = { project, name: String(id), body: next.activation }
      id += 1
      return [changed, { stored: activation, record, adds: true }]
    })
}

async function resetAlert(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { project, name } = at(call)
  await changeRecords(context, alert, at(call), ([found]) => {
    if (found === undefined) throw missing(`The alert ${project}/${name} was not found.`)
    return [
      kept({ project, name }, { document: { ...toWatched(found).document, state: 'inactive', count: 0 }, eventTimesMs: [] }),
    ]
  })
  const resetTime = toTime(context.clock.nowMs())
  await changeRecords(context, activation, { project }, (activations) =>
    activations
      .filter((each) => each['name'] === name && each['reset_time'] === null)
      .map((each) => ({
        stored: activation,
        record: { project, name: String(Number(each['id'])), body: { ...each, reset_time: resetTime } },
      })),
  )
  return {}
}

async function listActivations(context: MlrunContext, { params: { project = '' }, query }: MlrunCall): Promise<object> {
  const [sinceMs, untilMs] = [query.timeMs('since'), query.timeMs('until')]
  const [severities, entity] = [query.list('severity'), query.text('entity')]
  const exactly = { name: query.text('name'), entity_kind: query.text('entity-kind'), event_kind: query.text('event-kind') }
  const found = (await listRecords(context, activation, project)).filter((each) => {
    const atMs = readTime(textOf(each['activation_time']) ?? '') ?? 0
    return (
      Object.entries(exactly).every(([field, value]) => value === undefined || each[field] === value) &&
      (severities.length === 0 || severities.includes(textOf(each['severity']) ?? '')) &&
      (entity === undefined || each['entity_id'] === entity) &&
      (sinceMs === undefined || atMs >= sinceMs) &&
      (untilMs === undefined || atMs <= untilMs)
    )
  })
  return { activations: found.toSorted((one, other) => Number(other['id']) - Number(one['id'])), pagination: onePage }
}

/** Alerts, the events they wait for, and what those have made active. Nobody is told of it yet. */
export const alertRoutes: readonly Route[] = [
  route('PUT', 'projects/:project/alerts/:name', putAlert),
  route(
    'GET',
    'projects/:project/alerts/:name',
    async (context, call) => toWatched(await getRecord(context, alert, at(call))).document,
  ),
  route('DELETE', 'projects/:project/alerts/:name', async (context, call) => {
    await removeRecord(context, alert, at(call))
    return noContent()
  }),
  route('GET', 'projects/:project/alerts', async (context, call) => {
    const alerts = (await listRecords(context, alert, call.params['project']!)).map((each) => toWatched(each).document)
    return isNewClient(call) ? { alerts, pagination: onePage } : alerts
  }),
  route('POST', 'projects/:project/alerts/:name/reset', resetAlert),
  route('POST', 'projects/:project/events/:name', takeEvent),
  route('GET', 'projects/:project/alert-activations', listActivations),
  route('GET', 'projects/:project/alert-activations/:name', (context, call) => getRecord(context, activation, at(call))),
  route('GET', 'alert-templates', async (context) => listRecords(context, template, 'default')),
  route('GET', 'alert-templates/:name', (context, { params: { name = '' } }) =>
    getRecord(context, template, { project: 'default', name }),
  ),
  route('PUT', 'alert-templates/:name', (context, call) =>
    putRecord(context, template, { project: 'default', name: call.params['name']!, body: documentIn(call, 'an alert template') }),
  ),
  route('DELETE', 'alert-templates/:name', async (context, { params: { name = '' } }) => {
    await removeRecord(context, template, { project: 'default', name })
    return noContent()
  }),
]
