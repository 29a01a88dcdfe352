import type { Clock } from '../base/clock.ts'
import type { DataDirectory } from '../base/data-directory.ts'
import type { ObjectContext, Places } from '../objects/index.ts'
import type { Notifications } from '../notifications/index.ts'
import type { ProjectSecrets } from '../secrets/index.ts'
import type { Tracking } from '../tracking/tracking.ts'
import type { PreparedRun } from './prepared-run.ts'

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

/** What clients are told of the run they are in. */
export type ClientRun = Pick<
  PreparedRun,
  | 'id'
  | 'name'
  | 'project'
  | 'experiment'
  | 'parentId'
  | 'iteration'
  | 'parameters'
  | 'inputs'
  | 'outPath'
  | 'environment'
  | 'autolog'
>

/** How clients of other trackers (MLflow's and MLRun's) reach the records from inside a job. */
export interface ClientAccess {
  /** Variables that point such a client at this very run, which has its record. Empty where the user has pointed it elsewhere. */
  environmentOf(run: ClientRun): Promise<Record<string, string>>
  /** False while no client can have called: then a run has logged nothing beside its journal. */
  mayHaveLogged(): boolean
}

/** What everything else in this folder works with. */
export interface Execution extends Ground {
  readonly tracking: Tracking
  readonly places: Places
  /** Its runs are a server's jobs: see `Supervisor.queued`. */
  readonly queued?: true
  /** Without it jobs have no such variables. */
  readonly clients?: ClientAccess
  /** Secrets of projects, for their runs. */
  readonly projectSecrets?: Pick<ProjectSecrets, 'open'>
  /** Who is told when runs end. */
  readonly notifications?: Pick<Notifications, 'arm'>
}
