import type { Clock } from '../base/clock.ts'
import type { DataDirectory } from '../base/data-directory.ts'
import type { ObjectContext, Places } from '../objects/index.ts'
import type { Tracking } from '../tracking/tracking.ts'

/** What is there before the records are open: enough to prepare a run and to start its process. */
export interface Ground {
  /** How addresses are opened: `store://` resolves through the records, clouds by the environment and the run's secrets. */
  readonly objects: ObjectContext
  readonly directory: DataDirectory
  readonly clock: Clock
  /** The environment that user code inherits. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** The command that reaches this very program. */
  readonly programCommand: readonly string[]
  readonly owner: string
}

/** What everything else in this folder works with. */
export interface Execution extends Ground {
  readonly tracking: Tracking
  readonly places: Places
}
