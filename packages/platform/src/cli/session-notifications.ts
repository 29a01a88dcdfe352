import { systemClock } from '../base/clock.ts'
import type { Task } from '@trainyard/contract'
import { createNotifications, checkReceivers, type NotificationOptions, type Notifications } from '../notifications/index.ts'
import type { Session } from './session.ts'
import { projectSecretsOf, secretBoxOf } from './session-secrets.ts'

export const notificationsOf = (session: Pick<Session, 'directory' | 'database'>): Notifications =>
  createNotifications(session.database, { box: secretBoxOf(session) })

/** See `checkReceivers`: with the secrets of the project, which are opened only where somebody is to be told. */
export async function checkReceiversOf(
  session: Pick<Session, 'directory' | 'database'>,
  { project = 'default', notifications = [] }: Pick<Task, 'project' | 'notifications'>,
  { allowPrivate }: Pick<NotificationOptions, 'allowPrivate'>,
): Promise<void> {
  if (notifications.length === 0) return
  checkReceivers(notifications, { allowPrivate, secrets: await projectSecretsOf(session).open(project) })
}

/** What the telling works with. */
export const tellingOf = (
  session: Session,
  options: Pick<NotificationOptions, 'allowPrivate' | 'print' | 'onProblem'>,
): NotificationOptions => ({
  ...options,
  database: session.database,
  clock: systemClock,
  box: secretBoxOf(session),
  findRun: (runId) => session.tracking.runs.find(runId),
  openSecrets: (project) => projectSecretsOf(session).open(project),
})
