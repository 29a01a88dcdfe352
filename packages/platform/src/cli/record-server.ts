import { hostname } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { systemClock } from '../base/clock.ts'
import type { Execution } from '../execution/index.ts'
import { createServer, type GuardOptions } from '../http/index.ts'
import type { ObjectContext } from '../objects/index.ts'
import { createRegistry } from '../registry/index.ts'
import { createTraces } from '../traces/index.ts'
import type { Session } from './session.ts'

export interface RecordServerOptions {
  guard: GuardOptions
  /** How addresses are opened. */
  objects: ObjectContext
  /** Stops work that is under way. */
  execution?: Execution
  log?: FastifyBaseLogger
}

/** The server over an open data directory, ready to listen. */
export const openRecordServer = (
  session: Session,
  { guard, objects, execution, log }: RecordServerOptions,
): Promise<FastifyInstance> =>
  createServer({
    tracking: session.tracking,
    registry: createRegistry(session.database),
    traces: createTraces(session.database),
    clock: systemClock,
    objects,
    artifactFolder: session.directory.artifacts,
    holdings: session,
    ...(execution === undefined ? {} : { execution }),
    guard: { ...guard, hosts: [hostname().toLowerCase(), ...guard.hosts] },
    ...(log === undefined ? {} : { log }),
  })
