import type { Clock } from '../base/clock.ts'
import type { DataDirectory } from '../base/data-directory.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { ObjectPlaces } from './object-places.ts'

/** What everything in this folder works with; made once by `platform.ts`. */
export interface Execution {
  readonly tracking: Tracking
  readonly places: ObjectPlaces
  readonly directory: DataDirectory
  readonly clock: Clock
  /** The environment that user code inherits. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** The command that reaches this very program. */
  readonly programCommand: readonly string[]
  readonly owner: string
}
