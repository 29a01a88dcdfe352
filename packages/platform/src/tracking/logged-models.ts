import type { MetricPoint } from '@trainyard/contract'

export type LoggedModelStatus = 'pending' | 'ready' | 'failed'

export interface ModelPoint extends MetricPoint {
  modelId: string
  key: string
  /** Empty when no data set is named. */
  datasetName: string
  datasetDigest: string
}

/** A model as a run made it: files in a place of its own, before anybody registers it. */
export interface LoggedModelRecord {
  /** `m-` and 32 digits. */
  id: string
  experimentId: string
  project: string
  name: string
  type: string | null
  sourceRunId: string | null
  status: LoggedModelStatus
  createdAtMs: number
  updatedAtMs: number
  tags: Record<string, string>
  parameters: Record<string, string>
  /** The latest value of each metric, by run and data set. */
  metrics: (ModelPoint & { runId: string })[]
}

/** All conditions must hold; a model without the field fulfils none. A metric condition holds when any logged value fulfils it. */
export interface LoggedModelCondition {
  field:
    | { scope: 'attribute'; name: 'id' | 'name' | 'type' | 'status' | 'sourceRun' | 'created' | 'updated' }
    | { scope: 'tag' | 'param' | 'metric'; name: string }
  operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'ilike' | 'in' | 'not in'
  values: readonly (string | number)[]
}

export interface LoggedModelSort {
  field:
    | { scope: 'attribute'; name: 'id' | 'name' | 'type' | 'status' | 'created' | 'updated' }
    | { scope: 'metric'; name: string }
  direction: 'ascending' | 'descending'
  dataset?: { name?: string; digest?: string }
}

export interface LoggedModelQuery {
  experimentIds: readonly string[]
  conditions?: readonly LoggedModelCondition[]
  /** Metric conditions look at values measured on one of these only. */
  datasets?: readonly { name: string; digest?: string }[]
  sort?: readonly LoggedModelSort[]
  limit?: number
  cursor?: string
}

/** Which models a run read or made. */
export interface ModelLink {
  modelId: string
  direction: 'input' | 'output'
  step: number
}

export interface LoggedModelRecords {
  create(model: {
    id: string
    experimentId: string
    name: string
    type?: string
    sourceRunId?: string
    parameters?: Record<string, string>
    tags?: Record<string, string>
  }): Promise<LoggedModelRecord>
  /** Undefined once it is in the trash. */
  find(id: string): Promise<LoggedModelRecord | undefined>
  setStatus(id: string, status: LoggedModelStatus): Promise<void>
  trash(id: string): Promise<void>
  /** Adds or replaces tags; a `null` value removes. */
  setTags(id: string, tags: Record<string, string | null>): Promise<void>
  /** Notes on a logged model that it was registered. Idempotent; nothing happens to one that is not there. */
  noteRegistration(id: string, version: { name: string; version: number }): Promise<void>
  /** `already_exists` when one of the keys is known. */
  addParameters(id: string, parameters: Record<string, string>): Promise<void>
  /** Newest first unless sorted. */
  search(query: LoggedModelQuery): Promise<{ models: LoggedModelRecord[]; next: string | null }>
  /** Repeats change nothing. */
  link(runId: string, links: readonly ModelLink[]): Promise<void>
  /** Runs without any are missing. */
  ofRuns(runIds: readonly string[]): Promise<Map<string, ModelLink[]>>
}

/** A logged model as the machine knows it on which the run works that made it. */
export interface ModelImage extends Omit<LoggedModelRecord, 'experimentId' | 'sourceRunId' | 'metrics'> {
  /** By its name: numbers are each machine's own. */
  experiment: string
  trashedAtMs: number | null
}

/** What a run has to do with models: which it read or made, and what it measured of them. */
export interface ModelUses {
  links: readonly ModelLink[]
  points: readonly ModelPoint[]
}

/** Logged models of runs that work on another machine, see `ShippedRuns`: every call may be lost, repeated or overtaken. */
export interface ShippedModels {
  /** Here: the models a run made, also those in the trash, in order of their making. */
  madeBy(runId: string): Promise<(ModelImage & { experimentId: string })[]>
  usesOf(runId: string): Promise<ModelUses>
  /**
   * There: makes the model, or brings its record up to date; one with a smaller `revision` than the stored one changes nothing.
   * `already_exists` when a model of that id was made here.
   */
  put(runId: string, image: ModelImage, options: { revision: number }): Promise<void>
  /** Repeats change nothing. Returns the models that are not there. */
  use(runId: string, uses: ModelUses): Promise<string[]>
}

export interface SentFile {
  path: string
  sizeBytes: number
  /** Lowercase hex. */
  sha256: string
}

/** What the files of logged models and traces were when they arrived from another machine. */
export interface SentFiles {
  /** The last one of a path counts. Nothing happens to an owner that is not here. */
  keep(owner: { kind: 'model' | 'trace'; id: string }, file: SentFile): Promise<void>
  of(owner: { kind: 'model' | 'trace'; id: string }): Promise<SentFile[]>
}
