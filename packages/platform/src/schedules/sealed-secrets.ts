import type { Task } from '@trainyard/contract'
import type { SecretBox } from '../base/secret-box.ts'

type Told = Task['notifications']

interface Sealed {
  /** Values by name, for the job. */
  secrets: Record<string, string>
  /** Of each notification, in their order. */
  params: Record<string, string>[]
}

/** All that is secret about the job of a schedule as one sealed text; null when nothing is. */
export function sealSecrets(box: SecretBox, secrets: Record<string, string>, notifications: Told = []): string | null {
  const params = notifications.map(({ secretParams = {} }) => secretParams)
  const isPlain = [secrets, ...params].every((values) => Object.keys(values).length === 0)
  return isPlain ? null : box.seal(JSON.stringify({ secrets, params } satisfies Sealed))
}

/** The secrets of the job, and its notifications with theirs in place. */
export function openSecrets(
  box: SecretBox,
  sealed: string | null,
  notifications: Told,
): { secrets: Record<string, string>; notifications: Pick<Task, 'notifications'> } {
  if (sealed === null) return { secrets: {}, notifications: notifications === undefined ? {} : { notifications } }
  const { secrets, params } = JSON.parse(box.open(sealed)) as Sealed
  if (notifications === undefined) return { secrets, notifications: {} }
  const whole = notifications.map((each, at) => ({ ...each, ...(each.secretParams && { secretParams: params[at] ?? {} }) }))
  return { secrets, notifications: { notifications: whole } }
}
