import type { Clock } from '../../base/clock.ts'
import type { Definitions } from '../../definitions/index.ts'
import type { Execution } from '../../execution/index.ts'
import type { Functions } from '../../functions/index.ts'
import type { Jobs } from '../../jobs/index.ts'
import type { Registry } from '../../registry/index.ts'
import type { Notifications } from '../../notifications/index.ts'
import type { ProjectSecrets } from '../../secrets/index.ts'
import type { Schedules } from '../../schedules/index.ts'
import type { Traces } from '../../traces/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import type { Holdings } from '../../upkeep/index.ts'
import type { ServedPlaces } from '../served-places.ts'
import type { ChangeWatch } from './change-watch.ts'
import type { FunctionBuilds } from '../function-builds.ts'

/** What the operations of this dialect work with. */
export interface NativeContext {
  readonly tracking: Tracking
  readonly registry: Registry
  readonly traces: Traces
  readonly projectSecrets: ProjectSecrets
  readonly notifications: Notifications
  readonly functions: Functions
  readonly builds: FunctionBuilds
  readonly definitions: Definitions
  readonly clock: Clock
  readonly served: ServedPlaces
  readonly holdings: Holdings
  /** Stops work; without it only runs that clients watch can be aborted. */
  readonly execution: Execution | undefined
  /** The queue of work for servers. */
  readonly jobs: Jobs | undefined
  readonly schedules: Schedules | undefined
  readonly watch: ChangeWatch
  /** Called when a model or a version may have changed. */
  readonly onRegistryChange: (() => void) | undefined
  readonly version: string
  readonly startedAtMs: number
  /** Who asks must carry one. */
  readonly hasToken: boolean
  /** Whose a request is that names nobody. */
  readonly userName: string
  /** Where files of a run come to that has no place of its own. */
  placeOfRun(runId: string, project: string): string
  /** The folder of a logged model. */
  placeOfModel(model: { id: string; project: string; experimentId: string }): Promise<string>
  /** The folder of files that belong to a trace. */
  placeOfTrace(trace: { id: string; project: string; experimentId: string }): Promise<string>
}

/** Who asks, as the request itself says. */
export interface Caller {
  readonly by: string
  readonly via: string
}
