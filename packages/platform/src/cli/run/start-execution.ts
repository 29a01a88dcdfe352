import type { Execution } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'
import { notificationsOf } from '../session-notifications.ts'
import { projectSecretsOf } from '../session-secrets.ts'
import { groundOf } from './ground.ts'

export const executionOf = (cli: Cli, session: Session): Execution => ({
  ...groundOf(cli, session.directory, session.objectContext),
  tracking: session.tracking,
  places: session.places,
  projectSecrets: projectSecretsOf(session),
  notifications: notificationsOf(session),
})
