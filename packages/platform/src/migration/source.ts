import type { AppError, RunState } from '@trainyard/contract'
import type { VersionStatus } from '../registry/index.ts'
import type { TraceImage } from '../traces/index.ts'
import type { DatasetInput, LoggedModelStatus, ModelLink, ModelPoint } from '../tracking/index.ts'

/** Records of another system, in our words and with its ids. Every source gives these, the writer knows nothing else. */
export interface SourceExperiment {
  id: string
  name: string
  createdAtMs: number
  updatedAtMs: number
  isDeleted: boolean
  tags: Record<string, string>
}

export interface SourcePoint {
  key: string
  step: number
  timeMs: number
  value: number
}

export interface SourceRun {
  id: string
  experimentId: string
  name: string
  state: RunState
  startedAtMs: number
  endedAtMs: number | null
  /** When it went to the trash; null while it lives. */
  deletedAtMs: number | null
  owner: string
  artifactUri: string
  parameters: Record<string, string>
  tags: Record<string, string>
  /** The latest point of each metric. */
  latest: readonly SourcePoint[]
  datasets: readonly DatasetInput[]
  models: readonly ModelLink[]
}

export interface SourceLoggedModel {
  id: string
  experimentId: string
  name: string
  type: string | null
  sourceRunId: string | null
  status: LoggedModelStatus
  createdAtMs: number
  updatedAtMs: number
  isDeleted: boolean
  artifactUri: string
  parameters: Record<string, string>
  tags: Record<string, string>
  metrics: readonly (ModelPoint & { runId: string })[]
}

/** Without its spans, which are in the file `traces.json` of its own. */
export interface SourceTrace extends TraceImage {
  artifactUri: string
}

export interface SourceModel {
  name: string
  description: string | null
  createdAtMs: number
  updatedAtMs: number
  tags: Record<string, string>
  aliases: Record<string, number>
  versions: readonly SourceVersion[]
}

export interface SourceVersion {
  name: string
  version: number
  source: string
  /** Where its bytes lie there, when it is known. */
  storageLocation: string | null
  runId: string | null
  runLink: string | null
  loggedModelId: string | null
  description: string | null
  stage: string
  status: VersionStatus
  statusMessage: string | null
  createdAtMs: number
  updatedAtMs: number
  owner: string
  tags: Record<string, string>
}

export interface SourceFile {
  /** Below the run, model, version or trace it belongs to. */
  path: string
  /** Undefined where the source does not tell. */
  sizeBytes: number | undefined
  open(): Promise<AsyncIterable<Uint8Array>>
}

/** A record that is there and cannot be read: told and passed over. */
export interface Unread {
  id: string
  unread: AppError
}

export const isUnread = (item: object): item is Unread => 'unread' in item

/** Whose files: those of a run, a logged model or a trace. */
export interface FileOwner {
  kind: 'run' | 'model' | 'trace'
  id: string
  artifactUri: string
  experimentId: string
}

/**
 * A system that records are taken from. Nothing is held back: deleted records come too, marked. Reading never changes anything there.
 * Failures are `AppError`s: `unavailable` (not reachable), `permission_denied`, `invalid_argument` (it is no such thing).
 */
export interface MigrationSource extends AsyncDisposable {
  /** The same for the same place, without credentials: what has been taken is remembered under it. */
  readonly name: string
  /** What a user should know before relying on the result. */
  readonly notes: readonly string[]
  experiments(): AsyncIterable<SourceExperiment | Unread>
  /** Oldest first. */
  runs(experiment: SourceExperiment): AsyncIterable<SourceRun | Unread>
  /** Every point of every metric, the keys one after the other, each in order of step and time. */
  history(run: SourceRun): AsyncIterable<readonly SourcePoint[]>
  loggedModels(experiment: SourceExperiment): AsyncIterable<SourceLoggedModel | Unread>
  /** Of places that they are not taken from, none. */
  traces(experiment: SourceExperiment): AsyncIterable<SourceTrace | Unread>
  models(): AsyncIterable<SourceModel | Unread>
  /** `not_found` when there is no such place, `failed_precondition` when it cannot be read from here. */
  files(owner: FileOwner): AsyncIterable<SourceFile>
}
