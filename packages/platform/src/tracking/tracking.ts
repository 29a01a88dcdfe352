import type {
  ArtifactKind,
  ArtifactRecord,
  CodeVersion,
  EnvironmentInfo,
  JournalArtifact,
  JournalInput,
  JsonValue,
  MetricPoint,
  RunError,
  RunExit,
  RunFilter,
  RunKind,
  RunRecord,
  RunSort,
  RunState,
  RunStateChange,
  Supervisor,
  SweepSummary,
  Task,
} from '@trainyard/contract'
import type { ArtifactDocuments } from './documents/artifact-documents.ts'
import type { RunDocuments } from './documents/run-documents.ts'
import type { ExperimentRecord, ExperimentRecords } from './experiments.ts'
import type { JournalEntryName, JournalRecords } from './journals.ts'
import type { LoggedModelRecords, ModelLink, ModelPoint, SentFiles, ShippedModels } from './logged-models.ts'
import type { PointGroups } from './point-groups.ts'
import type { ProjectRecords } from './projects.ts'
import type { RunImage } from './run-image.ts'

import type { RunTable } from './run-table.ts'

export type * from './experiments.ts'
export type * from './journals.ts'
export type * from './logged-models.ts'
export { projectStates } from './projects.ts'
export type * from './projects.ts'
export type { RunImage } from './run-image.ts'

/**
 * The records of work: projects, experiments, runs, metrics, results, artifacts, logs. One object per record kind over one
 * database. Every write is durable when its promise resolves (group commit: writes asked for in the same turn of the event
 * loop share one transaction and one fsync) and is stored whole or not at all. Several processes may hold one open.
 */
export interface Tracking {
  readonly projects: ProjectRecords
  readonly runs: RunRecords
  readonly metrics: MetricRecords
  readonly artifacts: ArtifactRecords
  readonly logs: LogRecords
  readonly journals: JournalRecords
  readonly experiments: ExperimentRecords
  readonly reported: ReportedRuns
  readonly shipped: ShippedRuns
  readonly shippedModels: ShippedModels
  readonly sentFiles: SentFiles
  readonly datasets: DatasetRecords
  readonly lineage: LineageRecords
  readonly loggedModels: LoggedModelRecords
  readonly changes: ChangeRecords
  readonly answers: KeptAnswers
  readonly table: RunTable
  readonly runDocuments: RunDocuments
  readonly artifactDocuments: ArtifactDocuments
}

/** One thing that changed. Of several changes of one kind only the last is known, under its number. */
export interface RecordChange {
  /** Grows with every change, whichever process makes it, in the order in which changes become visible. */
  number: number
  /** `run`: its record (state, name, labels, parameters, trash); `removed`: all of a run, for good. */
  kind: 'run' | 'metrics' | 'output' | 'artifacts' | 'removed' | 'experiment'
  /** Of the run or the experiment. */
  id: string
  project: string
}

/** What changed, in one order over everything: a listener that keeps the last number misses nothing, however long it was away. */
export interface ChangeRecords {
  /** Number of the newest change; 0 before the first. */
  latest(): Promise<number>
  /** In order of their numbers, at most `limit` (1,000). */
  after(number: number, options?: { limit?: number }): Promise<RecordChange[]>
}

/** Answers to requests that came with a key, kept for a day, so that a repeat gets the same one and changes nothing. */
export interface KeptAnswers {
  /**
   * Does the work of a request, told by its hash, or gives the answer that it had before under that key. That it was done is stored
   * with its first write, all or nothing: when its server dies before the answer is kept, it is not done again. Work that fails
   * leaves its key free. `failed_precondition` when the key was another request's, `already_exists` while it is being carried out,
   * or when it was and the answer died with its server; `unavailable` when another server took it over meanwhile.
   */
  once(key: string, request: string, work: () => Promise<string>): Promise<string>
}

export interface NewRun {
  id: string
  name: string
  project: string
  /** Made when missing. */
  experiment: string
  kind: RunKind
  parentId?: string
  iteration?: number
  state: RunState
  reason?: string
  createdAtMs?: number
  owner: string
  host: string
  parameters?: Record<string, JsonValue>
  labels?: Record<string, string>
  task?: Task
  outPath: string
  code?: CodeVersion
  supervisor?: Supervisor
  attempt?: number
}

/** Only the given fields change; `null` clears. */
export interface RunPatch {
  name?: string
  code?: CodeVersion
  environment?: EnvironmentInfo
  exit?: RunExit | null
  error?: RunError | null
  supervisor?: Supervisor | null
  /** Where it runs: another one than where it was asked for. */
  host?: string
  sweep?: SweepSummary | null
  /** A higher one than before: points of the run so far give way where the new attempt logs their steps again. */
  attempt?: number
  outPath?: string
  task?: Task
}

/** A run with all that lies beside its record. */
export interface WholeRun {
  run: RunRecord
  experiment: ExperimentRecord
  /** The latest point of every metric, in order of the keys. */
  points: LatestPoint[]
  datasets: DatasetInput[]
  models: ModelLink[]
}

export interface RunRecords {
  /** Fails with `already_exists` when the id is taken. Makes project and experiment; an iteration lies in the experiment of its parent. */
  create(run: NewRun): Promise<void>
  createMany(runs: readonly NewRun[]): Promise<void>
  /**
   * Moves the run along `runTransitions`, stamps started/ended times and appends to the state history, with the patch in the
   * same transaction. A forbidden transition fails with `failed_precondition` and changes nothing. With `from`, it fails the
   * same way when the run is in none of those states (compare-and-set between processes).
   */
  transition(
    id: string,
    change: {
      to: RunState
      reason?: string
      atMs?: number
      from?: readonly RunState[]
      patch?: RunPatch
      /** The work is repeated from its beginning: points and results of the earlier attempt are forgotten, its output stays. */
      anew?: boolean
    },
  ): Promise<void>
  /**
   * Takes over the watch of a run: compare-and-set on the supervisor (by host, bootId, pid and startTicks; heartbeat and child do
   * not count). False when somebody else was quicker. Whoever adopts or resumes a run claims it first.
   */
  claim(id: string, change: { expected: Supervisor | null; next: Supervisor }): Promise<boolean>
  update(id: string, patch: RunPatch): Promise<void>
  /** Says why runs wait, of those that are `pending`; others are left alone. */
  explain(reasons: ReadonlyMap<string, string | null>): Promise<void>
  /** Adds or replaces labels; a `null` value removes. */
  setLabels(ids: readonly string[], labels: Record<string, string | null>): Promise<void>
  addParameters(id: string, parameters: Record<string, JsonValue>): Promise<void>
  addProblem(id: string, message: string): Promise<void>
  get(id: string): Promise<RunRecord>
  find(id: string): Promise<RunRecord | undefined>
  getMany(ids: readonly string[]): Promise<RunRecord[]>
  /**
   * What a user typed to its run: a full id, a unique prefix of at least four digits, a run name (the newest of that name),
   * `latest`, or `<parent>/<iteration>`. `not_found` names the nearest, `invalid_argument` lists the candidates of an ambiguous prefix.
   */
  resolve(text: string, options?: { project?: string; trashed?: boolean }): Promise<string>
  search(query: RunQuery): Promise<{ runs: RunRecord[]; next: string | null }>
  /** As `search` and `find`, with all that lies beside the records. */
  searchWhole(query: RunQuery): Promise<{ runs: WholeRun[]; next: string | null }>
  findWhole(id: string): Promise<WholeRun | undefined>
  count(query: Pick<RunQuery, 'filter' | 'project' | 'trashed' | 'iterations'>): Promise<number>
  /** Ids of all runs right below one: iterations, and what clients began below it. */
  childIds(parentId: string): Promise<string[]>
  /** Iterations of a parent, in order of their number. */
  children(parentId: string): Promise<RunRecord[]>
  history(id: string): Promise<RunStateChange[]>
  /** Runs in `running`, `pending` or `aborting` with their supervisors: what adoption looks at. */
  unfinished(): Promise<RunRecord[]>
  /** Children go with their parent. Running runs are refused with `failed_precondition`. Idempotent. */
  trash(ids: readonly string[], atMs: number): Promise<void>
  restore(ids: readonly string[]): Promise<void>
  /**
   * Takes back a run whose own code never began, with its iterations: as if it had not been asked for. Its experiment and project go
   * too where they were made for it. False, and nothing done, when the run or an iteration has logged anything or has not ended.
   */
  withdraw(id: string): Promise<boolean>
  /** Removes the rows for good (only of trashed runs) and returns the objects nobody refers to any more, to be deleted. */
  purge(ids: readonly string[]): Promise<{ targets: string[] }>
}

export interface RunQuery {
  filter?: RunFilter
  sort?: readonly RunSort[]
  project?: string
  /** Runs below others (iterations of sweeps, nested runs) are left out unless asked for here, or by a filter that names their parent. */
  iterations?: boolean
  /** Only trashed runs instead of only live ones; `either` for both. */
  trashed?: boolean | 'either'
  /** Runs of these experiments only. */
  experimentIds?: readonly string[]
  /** For each of these, runs that read a data set of which it holds. */
  dataset?: readonly DatasetCondition[]
  limit?: number
  /** From a previous answer's `next`; refused with `invalid_argument` when it belongs to another sort. */
  cursor?: string
}

/** `context` is what the run read it for: the tag `mlflow.data.context` of the use. */
export interface DatasetCondition {
  field: 'name' | 'digest' | 'context'
  operator: '=' | '!=' | 'like' | 'ilike' | 'in' | 'not in'
  values: readonly string[]
}

export interface MetricSeriesInfo {
  key: string
  pointCount: number
  last: MetricPoint
  min: number | null
  max: number | null
  /** Points of earlier attempts that the present one may replace: how many, and up to which step. All others are at higher steps. */
  earlier?: { count: number; lastStep: number }
}

export interface LatestPoint extends MetricPoint {
  key: string
}

export interface MetricRecords {
  /** Appends without a journal (imports, system metrics). Arrays run in parallel. */
  append(runId: string, points: readonly { key: string; step: number; timeMs: number; value: number }[]): Promise<void>
  series(runId: string): Promise<MetricSeriesInfo[]>
  /** In order of step, then of arrival. */
  history(runId: string, key: string, range?: { fromStep?: number; toStep?: number; limit?: number }): Promise<MetricPoint[]>
  /** The points of `history` as numbers in a row, without an object for each: step, time (epoch ms), value, step, time, value, ... */
  numbers(runId: string, key: string, range?: { fromStep?: number; toStep?: number; limit?: number }): Promise<Float64Array>
  /**
   * Points in order of arrival, behind those of each series that are `seen` (none by default), of these keys or of all; at most
   * about `limit`. `seen` of the answer goes on from there. A series with fewer points than were seen begins anew.
   */
  arrived(
    runId: string,
    options: { keys?: readonly string[]; seen: Readonly<Record<string, number>>; limit: number },
  ): Promise<{ points: LatestPoint[]; seen: Record<string, number> }>
  /** The latest point of every metric of these runs, in order of the keys; runs without metrics are missing. */
  latest(runIds: readonly string[]): Promise<Map<string, LatestPoint[]>>
  /** At most about `maxPoints` points whose minimum and maximum per bucket are kept, so that a one-point spike is always seen. */
  sampled(runId: string, key: string, options: { maxPoints: number; fromStep?: number; toStep?: number }): Promise<MetricPoint[]>
}

export interface NewArtifact extends Omit<JournalArtifact, 'file' | 'url' | 'path'> {
  runId: string | null
  project: string
  iteration: number
  target: string
  sizeBytes?: number
  sha256?: string
  createdAtMs: number
  /** The journal entry that asked for it: stored only if that is still pending, so that a repeat after a crash changes nothing. */
  settles?: JournalEntryName
}

export interface ArtifactRecords {
  /** A new version of `key`; the tag `latest` (and `tag`, when given) moves to it. The same run logging a key again makes the newer one current. */
  add(artifact: NewArtifact): Promise<ArtifactRecord>
  get(id: string): Promise<ArtifactRecord>
  ofRun(runId: string): Promise<ArtifactRecord[]>
  /** `key[:tag][@runId][#iteration]`, newest first; without tag or run, the one tagged `latest`. */
  resolve(project: string, reference: string): Promise<ArtifactRecord>
  search(query: {
    project?: string
    key?: string
    /** Part of a key, whatever the case. */
    contains?: string
    kind?: ArtifactKind
    tag?: string
    runId?: string
    allVersions?: boolean
    limit?: number
    offset?: number
    /** Only those made before the one with this id, for pages; `invalid_argument` when there is none. */
    before?: string
  }): Promise<ArtifactRecord[]>
  tag(id: string, tags: { add?: readonly string[]; remove?: readonly string[] }): Promise<void>
  /** Links another run (a sweep's parent) to existing artifacts without copying bytes. */
  link(runId: string, artifactIds: readonly string[]): Promise<void>
}

/** One piece of captured output: raw bytes in order of arrival. */
export interface LogChunk {
  offset: number
  timeMs: number
  bytes: Uint8Array
}

export interface LogRecords {
  /** Chunks must continue where the log ends; an overlap with what is stored is dropped (so a repeat changes nothing), a gap is refused. */
  append(runId: string, chunks: readonly LogChunk[]): Promise<void>
  /** What was stored gives way. */
  replace(runId: string, chunks: readonly LogChunk[]): Promise<void>
  sizeBytes(runId: string): Promise<number>
  /** Streams the bytes from `offset`; never holds more than a chunk. */
  read(runId: string, range?: { offset?: number; limitBytes?: number }): AsyncIterable<LogChunk>
}

export interface ReportedBatch {
  /** Points that are there already are passed over; of the highest step the one of the highest time, then value, is the latest. */
  points?: readonly { key: string; step: number; timeMs: number; value: number }[] | PointGroups
  /** A known key with an equal value is passed over, with another one the whole batch is refused with `failed_precondition`. */
  parameters?: Record<string, JsonValue>
  labels?: Record<string, string | null>
  /** A new name for the run. */
  name?: string
  /** What was measured about logged models. */
  modelPoints?: readonly ModelPoint[]
}

/**
 * Runs whose program watches itself and tells how it goes, as clients of a tracking server do. Their supervisor is `reporter()`: no
 * process here watches them, and none takes them over. Runs of our own supervisors take points, parameters and labels in the same
 * way, but their state is their supervisor's to say.
 */
export interface ReportedRuns {
  /** In a known experiment (`not_found`), not in the trash (`failed_precondition`). An unknown parent is left out. */
  create(run: Omit<NewRun, 'experiment' | 'project' | 'supervisor'> & { experimentId: string }): Promise<void>
  /** Whole or not at all. `failed_precondition` when the run is in the trash. */
  log(runId: string, batch: ReportedBatch): Promise<void>
  /** Any state may follow any other: the client knows. Nothing changes while one of our supervisors watches the run. */
  setState(runId: string, change: { state?: RunState; reason?: string; endedAtMs?: number; name?: string }): Promise<void>
  /** Ends every run below this one, at any depth, that its client has not ended. */
  endBelow(runId: string, end: { state: RunState; reason?: string; atMs: number }): Promise<void>
  /**
   * Moves a run into another experiment of its project, and with it everything below it that lay beside it; an iteration takes its
   * sweep along. False, and nothing done, where the experiment is in the trash or in another project. Idempotent.
   */
  move(runId: string, experimentId: string): Promise<boolean>
  /** Only this run, without its children, also while it runs. Idempotent. */
  trash(runId: string): Promise<void>
  restore(runId: string): Promise<void>
}

/**
 * Runs that work on another machine, which sends what it knows of them. Their supervisor is `remoteSupervisor()`: no process here
 * watches them, and none takes them over. Every call may be lost, repeated, or overtaken by a later one.
 */
export interface ShippedRuns {
  /**
   * Makes the run, or brings its record up to date; one with a smaller `revision` than the stored one changes nothing. Metric points
   * and output come on their own. Answers the stored revision and, when somebody here wants the run to stop, why.
   * `already_exists` when a run of that id was made here, `failed_precondition` when it is in the trash.
   */
  put(image: RunImage, options: { revision: number; outPath: string }): Promise<{ revision: number; asked: string | null }>
  /** With the id it has on its own machine: one that is known is left alone. */
  addArtifact(artifact: ArtifactRecord): Promise<void>
  /** As `ArtifactRecords.link`; `latest` stays with a version that was made since, outside of the run and its iterations. */
  linkArtifacts(runId: string, artifactIds: readonly string[]): Promise<void>
}

export interface DatasetInput {
  name: string
  digest: string
  sourceType: string
  source: string
  schema: string | null
  profile: string | null
  /** Of this use of the data set. */
  tags: Record<string, string>
}

/** What was read where: runs in the trash are left out. */
export interface LineageRecords {
  /** Runs that read these artifacts: known by the hash of what they read, where none is known by the address. Newest first. */
  readersOf(artifacts: readonly ArtifactRecord[], limit: number): Promise<{ artifactId: string; runId: string }[]>
  /** The artifacts that inputs were read from, by the input's key: the newest of the same bytes or at the same place. */
  sourcesOf(inputs: readonly JournalInput[]): Promise<Map<string, ArtifactRecord>>
  /** Runs that clients say have read a data set, of whatever experiment. Newest first; undefined when there is no such data set. */
  readersOfDataset(dataset: { name: string; digest: string }, limit: number): Promise<string[] | undefined>
}

/** Data sets that runs read. One is known by experiment, name and digest; a run reads it once, and repeats change nothing. */
export interface DatasetRecords {
  add(runId: string, inputs: readonly DatasetInput[]): Promise<void>
  /** In order of arrival; runs without any are missing. */
  ofRuns(runIds: readonly string[]): Promise<Map<string, DatasetInput[]>>
  /** The data sets of some experiments with the contexts they were read in, at most `limit`. */
  summaries(
    experimentIds: readonly string[],
    limit: number,
  ): Promise<{ experimentId: string; name: string; digest: string; context: string | null }[]>
}
