import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { createSecretBox, type SecretBox } from '../base/secret-box.ts'
import { createProjectSecrets, type ProjectSecrets } from '../secrets/index.ts'
import type { Session } from './session.ts'

/** Secrets are readable only with the key beside the database. */
export const secretBoxOf = ({ directory }: Pick<Session, 'directory'>): SecretBox =>
  createSecretBox(join(directory.path, 'secret.key'))

export const projectSecretsOf = (session: Pick<Session, 'directory' | 'database'>): ProjectSecrets =>
  createProjectSecrets(session.database, { box: secretBoxOf(session), clock: systemClock })
