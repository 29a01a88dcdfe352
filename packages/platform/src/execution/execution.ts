import type { Clock } from '../base/clock.ts'
import type { DataDirectory } from '../base/data-directory.ts'
import type { ObjectContext, Places } from '../objects/index.ts'
import type { Tracking } from '../tracking/tracking.ts'

/** What everything in this folder works with; made once by `platform.ts`. */
export interface Execution {
  readonly tracking: Tracking
  /** How addresses are opened: `store://` resolves through the records, clouds by the environment and the run's secrets. */
  readonly objects: ObjectContext
  readonly places: Places
  readonly directory: DataDirectory
  readonly clock: Clock
  /** The environment that user code inherits. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** The command that reaches this very program. */
  readonly programCommand: readonly string[]
  readonly owner: string
}
