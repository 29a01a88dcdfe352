import type { ExactValue, ExactValues } from '../base/exact-json.ts'

/**
 * What evaluations ask, and with what answers are judged. Every write is durable when its promise resolves, and stored whole or not
 * at all. Errors carry `details.record`: `dataset`, `experiment`, `scorer` or `cursor`.
 */
export interface Evaluation {
  readonly datasets: EvaluationDatasets
  readonly scorers: Scorers
}

export interface EvaluationDatasets {
  /** Names may be shared. `not_found` without one of the experiments. */
  create(dataset: NewEvaluationDataset): Promise<EvaluationDataset>
  /** `not_found` without it. */
  get(id: string): Promise<EvaluationDataset>
  /** With its records; idempotent. */
  delete(id: string): Promise<void>
  /** Newest first unless sorted. */
  search(query: EvaluationDatasetQuery): Promise<{ datasets: EvaluationDataset[]; next: string | null }>
  /** Adds or replaces tags; a `null` value removes. `not_found` without the data set. */
  setTags(id: string, tags: Readonly<Record<string, string | null>>): Promise<void>
  /** Idempotent; `not_found` without the data set, or without an experiment that is to be added. */
  changeExperiments(id: string, change: { add?: readonly string[]; remove?: readonly string[] }): Promise<EvaluationDataset>
  /**
   * Adds records. One with the inputs of a record that is there is merged into it: outputs replace, expectations and tags are laid
   * over. All or none; counts say what happened.
   */
  putRecords(id: string, records: readonly NewEvaluationRecord[]): Promise<{ added: number; merged: number }>
  /** In order of their making. */
  records(id: string, page: { limit?: number; cursor?: string }): Promise<{ records: EvaluationRecord[]; next: string | null }>
  /** Returns how many are gone now. */
  deleteRecords(id: string, recordIds: readonly string[]): Promise<number>
}

export interface NewEvaluationDataset {
  project: string
  name: string
  experimentIds?: readonly string[]
  tags?: Readonly<Record<string, string>>
  /** Who makes it. */
  by?: string
}

export interface EvaluationDataset {
  /** `d-` and 32 digits. */
  id: string
  project: string
  name: string
  /** Another one after each change of the records: 8 digits. */
  digest: string
  schema: EvaluationSchema | null
  recordCount: number
  experimentIds: string[]
  tags: Record<string, string>
  createdAtMs: number
  updatedAtMs: number
  createdBy: string | null
  updatedBy: string | null
}

export type FieldType = 'null' | 'boolean' | 'integer' | 'float' | 'string' | 'array' | 'object'

/** Fields that records have or had, with the type of the value that was seen first; outputs that are no objects have one type. */
export interface EvaluationSchema {
  inputs: Record<string, FieldType>
  outputs: Record<string, FieldType> | FieldType
  expectations: Record<string, FieldType>
}

export interface EvaluationSource {
  type: 'UNSPECIFIED' | 'TRACE' | 'HUMAN' | 'DOCUMENT' | 'CODE'
  data: ExactValues
}

export interface NewEvaluationRecord {
  inputs: ExactValues
  /** Missing leaves what is there; null takes it away. */
  outputs?: ExactValue
  expectations?: ExactValues
  tags?: ExactValues
  source?: EvaluationSource
  by?: string
}

export interface EvaluationRecord {
  /** `dr-` and 32 digits. */
  id: string
  datasetId: string
  inputs: ExactValues
  /** Null when there is none. */
  outputs: ExactValue
  expectations: ExactValues | null
  tags: ExactValues
  source: EvaluationSource | null
  createdAtMs: number
  updatedAtMs: number
  createdBy: string | null
  updatedBy: string | null
}

export type EvaluationDatasetField = 'name' | 'created' | 'updated'

export type EvaluationDatasetCondition =
  | {
      field: { scope: 'attribute'; name: 'name' | 'createdBy' | 'updatedBy' } | { scope: 'tag'; name: string }
      operator: '=' | '!=' | 'like' | 'ilike' | 'in'
      values: readonly string[]
    }
  | {
      field: { scope: 'attribute'; name: 'created' | 'updated' }
      operator: '=' | '!=' | '<' | '<=' | '>' | '>='
      values: readonly number[]
    }

export interface EvaluationDatasetQuery {
  project: string
  /** Those of any of these; of all without. */
  experimentIds?: readonly string[]
  conditions?: readonly EvaluationDatasetCondition[]
  sort?: readonly { field: EvaluationDatasetField; direction: 'ascending' | 'descending' }[]
  limit?: number
  cursor?: string
}

export interface Scorers {
  /** The next version of the scorer of that name in the experiment, the first when there is none yet. */
  register(scorer: { experimentId: string; name: string; body: string }): Promise<ScorerVersion>
  /** The newest version of each scorer of these experiments, by experiment and name. */
  newest(experimentIds: readonly string[]): Promise<ScorerVersion[]>
  /** First to last; `not_found` without the scorer. */
  versions(experimentId: string, name: string): Promise<ScorerVersion[]>
  /** The newest unless a version is given; `not_found` without it. */
  get(experimentId: string, name: string, version?: number): Promise<ScorerVersion>
  /** One version, or the scorer with all of them; `not_found` without it. */
  delete(experimentId: string, name: string, version?: number): Promise<void>
  /** Keeps which traces the scorer shall look at by itself. */
  setSampling(experimentId: string, name: string, sampling: { rate: number; filter: string | null }): Promise<ScorerSampling>
  samplings(scorerIds: readonly string[]): Promise<ScorerSampling[]>
}

export interface ScorerVersion {
  scorerId: string
  experimentId: string
  name: string
  version: number
  body: string
  createdAtMs: number
}

export interface ScorerSampling {
  id: string
  scorerId: string
  experimentId: string
  /** From 0 to 1. */
  rate: number
  filter: string | null
}
