import { AppError, isAppError, type JsonObject, type NotificationSpec } from '@trainyard/contract'
import { checkAddress } from '../base/guarded-request.ts'
import { completeParams } from './params.ts'

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

function addressOf({ kind, params, secretParams }: NotificationSpec, secrets: Receiving['secrets']): string | undefined {
  const whole = completeParams(
    kind,
    { ...(params as JsonObject | undefined), ...(secretParams as JsonObject | undefined) },
    secrets,
  )
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
  const address = addressOf(notification, secrets)
  return address === undefined || mayBeAsked(address, false)
}

/**
 * Refuses, before the work, receivers that could not be told of its end: without an address or a secret that is needed, with one that is
 * no address, or where whoever tells may not send. `invalid_argument` names the notification; addresses are not repeated, they may be secret.
 */
export function checkReceivers(notifications: readonly NotificationSpec[], { secrets, allowPrivate }: Receiving): void {
  for (const notification of notifications) {
    const address = addressOf(notification, secrets)
    if (address === undefined || mayBeAsked(address, allowPrivate)) continue
    const which = notification.name ?? notification.kind
    throw new AppError(
      'invalid_argument',
      mayBeAsked(address, true)
        ? `The server does not send the notification ${which} to an address that is private or not encrypted: use a public one with https, or start the server with trainyard up --allow-private-addresses.`
        : `The address of the notification ${which} is not of the form https://host/path, without user name and password.`,
    )
  }
}
