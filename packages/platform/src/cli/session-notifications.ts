import { systemClock } from '../base/clock.ts'
import { createNotifications, type NotificationOptions, type Notifications } from '../notifications/index.ts'
import type { Session } from './session.ts'
import { projectSecretsOf, secretBoxOf } from './session-secrets.ts'

export const notificationsOf = (session: Pick<Session, 'directory' | 'database'>): Notifications =>
  createNotifications(session.database, { box: secretBoxOf(session) })

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
