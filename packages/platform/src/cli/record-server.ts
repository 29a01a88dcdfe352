import { hostname } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { systemClock } from '../base/clock.ts'
import { createServer, type GuardOptions } from '../http/index.ts'
import type { ObjectContext } from '../objects/index.ts'
import { createRegistry } from '../registry/index.ts'
import type { Session } from './session.ts'

export interface RecordServerOptions {
  guard: GuardOptions
  /** How addresses are opened. */
  objects: ObjectContext
  log?: FastifyBaseLogger
}

/** The server over an open data directory, ready to listen. */
export const openRecordServer = (session: Session, { guard, objects, log }: RecordServerOptions): Promise<FastifyInstance> =>
  createServer({
    tracking: session.tracking,
    registry: createRegistry(session.database),
    clock: systemClock,
    objects,
    artifactFolder: session.directory.artifacts,
    guard: { ...guard, hosts: [hostname().toLowerCase(), ...guard.hosts] },
    ...(log === undefined ? {} : { log }),
  })
