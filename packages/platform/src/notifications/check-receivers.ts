import { AppError, isAppError, type JsonObject, type NotificationSpec } from '@trainyard/contract'
import { checkAddress } from '../base/guarded-request.ts'
import { checkValues } from './check-values.ts'
import { completeParams, type Params } from './params.ts'

export interface Receiving {
  /** Those of the project. */
  secrets: Readonly<Record<string, string>>
  /** Whether whoever tells may send to this machine and to private networks, and unencrypted. */
  allowPrivate: boolean
}

const addressParams: Readonly<Partial<Record<NotificationSpec['kind'], string>>> = {
  slack: 'webhook',
  teams: 'webhook',
  webhook: 'url',
}

const wholeOf = ({ kind, params, secretParams }: NotificationSpec, secrets: Receiving['secrets']): Params =>
  completeParams(kind, { ...(params as JsonObject | undefined), ...(secretParams as JsonObject | undefined) }, secrets)

function addressIn(kind: NotificationSpec['kind'], whole: Params): string | undefined {
  const address = whole[addressParams[kind] ?? '']
  return typeof address === 'string' ? address : undefined
}

function mayBeAsked(address: string, allowPrivate: boolean): boolean {
  try {
    checkAddress(address, allowPrivate)
    return true
  } catch (error) {
    if (isAppError(error)) return false
    throw error
  }
}

/** Whether any server may tell of it, as far as its address says; a name that leads to a private network is seen when it is asked. */
export function isForEveryServer(notification: NotificationSpec, secrets: Receiving['secrets']): boolean {
  const address = addressIn(notification.kind, wholeOf(notification, secrets))
  return address === undefined || mayBeAsked(address, false)
}

/**
 * Refuses, before the work, receivers that could not be told of its end: without an address or a secret that is needed, with one that is
 * no address, or where whoever tells may not send. `invalid_argument` names the notification; addresses are not repeated, they may be secret.
 */
export function checkReceivers(notifications: readonly NotificationSpec[], { secrets, allowPrivate }: Receiving): void {
  for (const notification of notifications) {
    const { kind, name: which = kind } = notification
    const whole = wholeOf(notification, secrets)
    checkValues(which, kind, whole)
    const address = addressIn(kind, whole)
    if (address === undefined || mayBeAsked(address, allowPrivate)) continue
    throw new AppError(
      'invalid_argument',
      `The server does not send the notification ${which} to an address that is private or not encrypted: use a public one with https, or start the server with trainyard up --allow-private-addresses.`,
    )
  }
}
