import { join } from 'node:path'
import { createDefinitions } from '../../definitions/index.ts'
import { createFunctions, type Functions, type SourceOptions } from '../../functions/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { openRecords } from '../open-records.ts'
import { openSession, type Session } from '../session.ts'

/** The open records with their functions, and the project that is meant when none is named. */
export interface FunctionSession extends Session {
  readonly functions: Functions
  readonly project: string
}

/** `create` makes the data directory where there is none. */
export async function openFunctions(cli: Cli, options: { create?: boolean } = {}): Promise<FunctionSession> {
  const isHere = cli.config.remote === undefined || cli.globals.data !== undefined
  const session = options.create === true && isHere ? await openSession(cli, { create: true }) : await openRecords(cli)
  return { ...session, functions: await functionsOf(cli, session), project: cli.project ?? defaultProject }
}

async function functionsOf(cli: Cli, session: Session): Promise<Functions> {
  if (session.remote === undefined) return createFunctions(createDefinitions(session.database, { clock: { nowMs: cli.nowMs } }))
  const { createRemoteFunctions } = await import('./remote-functions.ts')
  return createRemoteFunctions(session.remote)
}

/** How code is fetched on this machine, for its own user. `folder`: the data directory, or a place for what need not stay. */
export const sourceOptions = (
  cli: Cli,
  session: Pick<Session, 'objectContext'>,
  folder: string,
  signal: AbortSignal,
): SourceOptions => ({
  objects: session.objectContext,
  cacheFolder: join(folder, 'functions'),
  allowLocal: true,
  allowPrivate: true,
  environment: cli.config.environment,
  onNote: (line) => cli.note(line),
  signal,
})
