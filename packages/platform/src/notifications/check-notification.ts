import { AppError, type JsonObject, type NotificationSpec, parseStopCondition } from '@trainyard/contract'
import { checkValues } from './check-values.ts'

/** What a kind cannot do without, unless the project has a secret of the name `<KIND>_<PARAMETER>`. */
export const neededParams: Readonly<Record<NotificationSpec['kind'], readonly string[]>> = {
  console: [],
  slack: ['webhook'],
  teams: ['webhook'],
  mail: ['server_host', 'email_addresses'],
  git: ['repo', 'issue', 'token'],
  webhook: ['url'],
}

/** Refuses what could never be told, before the work it is to tell of. */
export function checkNotification({ kind, condition, name, when, params, secretParams }: NotificationSpec): void {
  const which = name ?? kind
  if (!Object.hasOwn(neededParams, kind))
    throw new AppError('invalid_argument', `Notifications can be ${Object.keys(neededParams).join(', ')}, not '${kind}'.`)
  if (when?.length === 0) throw new AppError('invalid_argument', `The notification ${which} has an empty list of moments (when).`)
  if (condition !== undefined && condition.trim() !== '') parseStopCondition(condition, `Condition of the notification ${which}`)
  checkValues(which, kind, (params ?? {}) as JsonObject)
  checkValues(which, kind, (secretParams ?? {}) as JsonObject)
}
