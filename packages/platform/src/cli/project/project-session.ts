import type { ProjectSecrets } from '../../secrets/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'
import { openSession } from '../session.ts'
import { projectSecretsOf } from '../session-secrets.ts'

/** The open records with the secrets of projects, and the project that is meant when none is named. */
export interface ProjectSession extends Session {
  readonly secrets: ProjectSecrets
  readonly project: string
}

/** `create` makes the data directory where there is none. */
export async function openProjects(cli: Cli, options: { create?: boolean } = {}): Promise<ProjectSession> {
  const isHere = cli.config.remote === undefined || cli.globals.data !== undefined
  const session = options.create === true && isHere ? await openSession(cli, { create: true }) : await openRecords(cli)
  return { ...session, secrets: await secretsOf(session), project: cli.project ?? defaultProject }
}

async function secretsOf(session: Session): Promise<ProjectSecrets> {
  if (session.remote === undefined) return projectSecretsOf(session)
  const { createRemoteSecrets } = await import('../../remote/index.ts')
  return createRemoteSecrets(session.remote)
}
