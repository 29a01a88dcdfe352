import type { JsonValue } from '@trainyard/contract'
import type { FastifyReply } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import type { Execution } from '../../execution/index.ts'
import type { Definitions } from '../../definitions/index.ts'
import type { Functions } from '../../functions/index.ts'
import type { Hub } from '../../hub/index.ts'
import type { Jobs } from '../../jobs/index.ts'
import type { Notifications } from '../../notifications/index.ts'
import type { Schedules } from '../../schedules/index.ts'
import type { ProjectSecrets } from '../../secrets/index.ts'
import type { Holdings } from '../../upkeep/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import type { FunctionBuilds } from '../function-builds.ts'
import type { ServedPlaces } from '../served-places.ts'
import type { Query } from './query.ts'
import type { BackgroundTasks } from './background-tasks.ts'

/** What the routes of this dialect work with. */
export interface MlrunContext {
  readonly tracking: Tracking
  readonly clock: Clock
  readonly served: ServedPlaces
  /** Stops work; without it only runs that clients watch can be aborted. */
  readonly execution: Execution | undefined
  /** The queue of work for servers; without it none can be asked for. */
  readonly jobs: Jobs | undefined
  readonly schedules: Schedules | undefined
  readonly notifications: Notifications
  readonly definitions: Definitions
  /** The functions among them. */
  readonly functions: Functions
  readonly builds: FunctionBuilds
  /** Catalogues of functions. */
  readonly hub: Hub
  readonly projectSecrets: ProjectSecrets
  readonly holdings: Holdings
  /** Folder or address for everything without a place of its own. */
  readonly artifactFolder: string
  readonly tasks: BackgroundTasks
  /** Whose a request is that names nobody; undefined where that may be anybody. */
  readonly userName: string | undefined
  /** Where files of a run come to that has no place of its own. */
  placeOfRun(runId: string, project: string): string
}

export interface MlrunCall {
  /** Named parts of the address, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** The query as it was written. */
  readonly written: Record<string, unknown>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The bytes as they came. */
  readonly bytes: Buffer
  /** The body as JSON; null without one. `invalid_argument` for what is none. */
  body(): JsonValue
  /** The run whose job asks; undefined for everybody else. */
  readonly jobRunId: string | undefined
}

/** What is answered: an object with 200, or more than that. */
export class Answer {
  readonly status: number
  readonly body: object | string | Buffer | null
  readonly headers: Readonly<Record<string, string>>

  /** A text or bytes go as they are; null for no body. */
  constructor(status: number, body: object | string | Buffer | null, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** Behind `/api/v1/`, or `/api/v2/`. */
  readonly path: string
  readonly version: 'v1' | 'v2'
  handle(context: MlrunContext, call: MlrunCall, reply: FastifyReply): Promise<object | Answer>
}

type Handler = (context: MlrunContext, call: MlrunCall, reply: FastifyReply) => Promise<object | Answer>

/** One row of a table of routes. */
export const route = (method: Route['method'], path: string, handle: Handler, version: Route['version'] = 'v1'): Route => ({
  method,
  path,
  version,
  handle,
})

export const noContent = (): Answer => new Answer(204, null)
