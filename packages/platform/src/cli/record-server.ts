import { hostname } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { systemClock } from '../base/clock.ts'
import type { Execution } from '../execution/index.ts'
import { createDefinitions } from '../definitions/index.ts'
import { createFunctions, type Functions } from '../functions/index.ts'
import { createServer, type GuardOptions } from '../http/index.ts'
import { createJobs, type Jobs, type JobsOptions } from '../jobs/index.ts'
import type { ObjectContext } from '../objects/index.ts'
import { createRegistry } from '../registry/index.ts'
import { createEvaluation } from '../evaluation/index.ts'
import { createSchedules, type Schedules } from '../schedules/index.ts'
import { createTraces } from '../traces/index.ts'
import { createWebhooks } from '../webhooks/index.ts'
import { checkReceiversOf, notificationsOf } from './session-notifications.ts'
import { projectSecretsOf, secretBoxOf } from './session-secrets.ts'
import type { Session } from './session.ts'

export interface RecordServerOptions {
  guard: GuardOptions
  /** How addresses are opened. */
  objects: ObjectContext
  /** Stops work that is under way, and takes jobs on. */
  execution?: Execution
  /** A job was asked for; without it none may be. */
  onJobs?: () => void
  /** Whether webhooks and addresses of code may lead to this machine and into private networks; they may not unless it says so. */
  allowPrivate?: boolean
  onRegistryChange?: () => void
  /** Where artifacts go that have no place of their own; the data directory unless said. */
  artifacts?: string | undefined
  /** Folders of this machine that may be read for others. */
  artifactRoots?: readonly string[]
  log?: FastifyBaseLogger
  /** Whose what nobody put a name to is; nobody's unless said. */
  userName?: string
  /** How a command is typed, for the pages of the dashboard. */
  programName?: 'trainyard' | 'npx trainyard'
}

/** The server over an open data directory, ready to listen. */
export const openRecordServer = (
  session: Session,
  {
    guard,
    objects,
    execution,
    onJobs,
    allowPrivate = false,
    onRegistryChange,
    artifacts,
    artifactRoots,
    log,
    userName,
    programName,
  }: RecordServerOptions,
): Promise<FastifyInstance> =>
  createServer({
    tracking: session.tracking,
    registry: createRegistry(session.database),
    traces: createTraces(session.database),
    evaluation: createEvaluation(session.database),
    webhooks: createWebhooks(session.database, { secrets: secretBoxOf(session), allowPrivate, clock: systemClock }),
    ...(onRegistryChange === undefined ? {} : { onRegistryChange }),
    projectSecrets: projectSecretsOf(session),
    notifications: notificationsOf(session),
    definitions: createDefinitions(session.database),
    clock: systemClock,
    objects,
    artifactFolder: artifacts ?? session.directory.artifacts,
    artifactRoots: [session.directory.artifacts, ...(artifactRoots ?? [])],
    holdings: session,
    ...(execution === undefined ? {} : { execution }),
    ...(execution === undefined || onJobs === undefined ? {} : jobsAndSchedules(session, execution, onJobs, allowPrivate)),
    allowPrivate,
    guard: { ...guard, hosts: [hostname().toLowerCase(), ...guard.hosts] },
    ...(log === undefined ? {} : { log }),
    ...(userName === undefined ? {} : { userName }),
    ...(programName === undefined ? {} : { programName }),
  })

const jobsAndSchedules = (session: Session, execution: Execution, onChange: () => void, allowPrivate: boolean) => {
  const jobs = createJobs({
    ...jobOptions(session, execution, onChange),
    checkReceivers: (task) => checkReceiversOf(session, task, { allowPrivate }),
  })
  // A firing whose receiver cannot be told is a run all the same; that it was not told stands with the run.
  const firing = { execution, jobs: jobsOf(session, execution, onChange), allowPrivate, onChange }
  return { jobs, schedules: schedulesOf(session, firing) }
}

/** The functions of a session's database. */
export const functionsOf = (session: Session): Functions => createFunctions(createDefinitions(session.database))

/** The schedules of a session's database. */
export const schedulesOf = (
  session: Session,
  { execution, jobs, allowPrivate, onChange }: { execution: Execution; jobs: Jobs; allowPrivate: boolean; onChange: () => void },
): Schedules =>
  createSchedules({
    database: session.database,
    jobs,
    functions: functionsOf(session),
    ground: execution,
    checkReceivers: (task) => checkReceiversOf(session, task, { allowPrivate }),
    secrets: secretBoxOf(session),
    clock: systemClock,
    onChange,
  })

/** The queue of a session's database. */
export const jobsOf = (session: Session, execution: Execution, onChange?: () => void): Jobs =>
  createJobs(jobOptions(session, execution, onChange))

const jobOptions = (session: Session, execution: Execution, onChange?: () => void): JobsOptions => ({
  database: session.database,
  secrets: secretBoxOf(session),
  execution,
  ...(onChange === undefined ? {} : { onChange }),
})
