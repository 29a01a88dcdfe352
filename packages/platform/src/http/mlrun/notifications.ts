import type { JsonObject, JsonValue, NotificationSpec } from '@trainyard/contract'
import { invalid } from './errors.ts'
import { labelsOf, objectAt, textOf, textsOf } from './json.ts'
import { withoutSecretParams } from './without-secrets.ts'

const kinds: Readonly<Record<string, NotificationSpec['kind']>> = {
  slack: 'slack',
  git: 'git',
  webhook: 'webhook',
  mail: 'mail',
  teams: 'teams',
  console: 'console',
  ipython: 'console',
}
const moments = { completed: 'completed', error: 'failed', failed: 'failed', aborted: 'aborted' } as const

/** Who is told at the end of a run; what is printed goes to the server's log, and the client that waits prints it as well. */
export function notificationsOf(written: JsonValue | undefined): NotificationSpec[] {
  return (Array.isArray(written) ? written : []).flatMap((each) => {
    const notification = objectAt(each)
    const kind = textOf(notification['kind'])
    if (kind === undefined) return []
    const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
    if (known === undefined)
      throw invalid(`Notifications of the kind '${kind.slice(0, 40)}' are not sent: there are ${Object.keys(kinds).join(', ')}.`)
    const when = textsOf(notification['when']).flatMap((word) =>
      Object.hasOwn(moments, word) ? moments[word as keyof typeof moments] : [],
    )
    const [name, message, condition] = [
      textOf(notification['name']),
      textOf(notification['message']),
      textOf(notification['condition']),
    ]
    const secret = labelsOf(notification['secret_params'])
    return [
      {
        kind: known,
        ...(name === undefined ? {} : { name }),
        ...(when.length === 0 ? {} : { when }),
        ...(message === undefined ? {} : { message }),
        ...(condition === undefined ? {} : { condition }),
        params: objectAt(notification, 'params'),
        ...(Object.keys(secret).length === 0 ? {} : { secretParams: secret }),
      },
    ]
  })
}

/**
 * The notifications of a task that is kept for later: in place of each secret stands the name it has among the secrets of the project.
 * They are taken from `names` on, which is unique to whoever keeps the task.
 */
export function withSecretsByName(
  written: JsonValue | undefined,
  names: string,
): { notifications: JsonObject[]; secrets: Record<string, string> } {
  const secrets: Record<string, string> = {}
  const notifications = (Array.isArray(written) ? written : []).map((each, position) => {
    const notification = objectAt(each)
    const params: JsonObject = { ...objectAt(notification, 'params') }
    for (const [param, value] of Object.entries(labelsOf(notification['secret_params']))) {
      const name = `${names}.${position}.${param}`
      secrets[name] = value
      params[param] = { secret: name }
    }
    return withoutSecretParams({ ...notification, params })
  })
  return { notifications, secrets }
}
