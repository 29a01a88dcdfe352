import type { JsonObject, JsonValue } from '@trainyard/contract'
import { durationMs } from '../../functions/index.ts'
import { objectAt, textOf, textsOf } from './json.ts'
import { toTime } from './times.ts'

/** An alert with the times of events that have not made it active yet, which no client is shown. */
export interface WatchedAlert {
  document: JsonObject
  eventTimesMs: number[]
}

/** Whether an event is of those that an alert waits for. One that is active waits until it is reset. */
export function waitsFor({ document }: WatchedAlert, event: JsonObject): boolean {
  const [entities, entity] = [objectAt(document, 'entities'), objectAt(event, 'entity')]
  const ids = textsOf(entities['ids'])
  return (
    document['state'] !== 'active' &&
    textsOf(objectAt(document, 'trigger')['events']).includes(textOf(event['kind']) ?? '') &&
    entities['kind'] === entity['kind'] &&
    (ids.includes('*') || textsOf(entity['ids']).some((id) => ids.includes(id)))
  )
}

/** The alert after one more event, and what that makes of it: an activation when there were enough within its period. */
export function afterEvent(
  { document, eventTimesMs }: WatchedAlert,
  event: JsonObject,
  { nowMs, id }: { nowMs: number; id: number },
): { alert: WatchedAlert; activation?: JsonObject } {
  const criteria = objectAt(document, 'criteria')
  const periodMs = durationMs(criteria['period'] ?? null)
  const needed = typeof criteria['count'] === 'number' ? criteria['count'] : 1
  const recent = [...eventTimesMs, nowMs].filter((atMs) => periodMs === undefined || periodMs <= 0 || nowMs - atMs <= periodMs)
  if (recent.length < needed) return { alert: { document, eventTimesMs: recent } }
  // By itself it is ready for the next ones; otherwise somebody has to reset it.
  const isManual = document['reset_policy'] !== 'auto'
  const count = typeof document['count'] === 'number' ? document['count'] + 1 : 1
  const entity = objectAt(event, 'entity')
  return {
    alert: { document: { ...document, state: isManual ? 'active' : 'inactive', count }, eventTimesMs: [] },
    activation: {
      id,
      name: document['name'] ?? null,
      project: document['project'] ?? null,
      severity: document['severity'] ?? 'low',
      activation_time: toTime(nowMs),
      entity_id: textsOf(entity['ids'])[0] ?? '',
      entity_kind: entity['kind'] ?? null,
      criteria,
      event_kind: event['kind'] ?? null,
      number_of_events: recent.length,
      notifications: notificationsOf(document['notifications']),
      reset_time: isManual ? null : toTime(nowMs),
    },
  }
}

/** Nobody has been told: sending them is the business of an engine that is not here yet. */
const notificationsOf = (notifications: JsonValue | undefined): JsonObject[] =>
  (Array.isArray(notifications) ? notifications : []).map((each) => ({
    kind: textOf(objectAt(each, 'notification')['kind']) ?? '',
    err: 'this server does not send notifications of alerts',
    summary: { failed: 0, succeeded: 0 },
  }))
