import type { JsonObject, JsonValue, NotificationSpec } from '@trainyard/contract'
import { invalid } from './errors.ts'
import { labelsOf, objectAt, textOf, textsOf } from './json.ts'

const kinds: Readonly<Record<string, NotificationSpec['kind']>> = {
  slack: 'slack',
  git: 'git',
  webhook: 'webhook',
  mail: 'mail',
  teams: 'teams',
}
const moments = { completed: 'completed', error: 'failed', failed: 'failed', aborted: 'aborted' } as const

/** Those that this server sends at the end of a run; what is printed, the client prints itself. */
export function notificationsOf(written: JsonValue | undefined): NotificationSpec[] {
  return (Array.isArray(written) ? written : []).flatMap((each) => {
    const notification = objectAt(each)
    const kind = textOf(notification['kind'])
    if (kind === undefined || kind === 'console' || kind === 'ipython') return []
    const known = kinds[kind]
    if (known === undefined)
      throw invalid(`Notifications of the kind '${kind.slice(0, 40)}' are not sent: there are ${Object.keys(kinds).join(', ')}.`)
    const when = textsOf(notification['when']).flatMap((word) => moments[word as keyof typeof moments] ?? [])
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

/** What nobody is shown again. */
export function withoutSecretParams({ secret_params: secret, ...notification }: JsonObject): JsonObject {
  return secret === undefined ? notification : { ...notification, secret_params: {} }
}
