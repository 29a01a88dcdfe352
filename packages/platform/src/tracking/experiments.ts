export interface ExperimentRecord {
  /** A decimal number, unique in the store. */
  id: string
  project: string
  name: string
  /** Where artifacts of its runs go; null for our own artifact folder. */
  artifactLocation: string | null
  createdAtMs: number
  updatedAtMs: number
  trashedAtMs: number | null
  tags: Record<string, string>
}

export interface ExperimentQuery {
  project: string
  conditions?: readonly ExperimentCondition[]
  sort?: readonly ExperimentSort[]
  /** Only trashed ones instead of only live ones; `either` for both. */
  trashed?: boolean | 'either'
  /** Default 100. */
  limit?: number
  /** From a previous answer's `next`; refused with `invalid_argument` when it belongs to another sort. */
  cursor?: string
}

export type ExperimentAttribute = 'id' | 'name' | 'created' | 'updated'

/** All conditions must hold. An experiment without the tag fulfils no condition on it. */
export interface ExperimentCondition {
  field: { scope: 'attribute'; name: Exclude<ExperimentAttribute, 'id'> } | { scope: 'tag'; name: string }
  operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'ilike'
  value: string | number
}

export interface ExperimentSort {
  field: ExperimentAttribute
  direction: 'ascending' | 'descending'
}

export interface ExperimentRecords {
  /** `already_exists` when the project has one of that name, in the trash or not. */
  create(experiment: {
    project: string
    name: string
    artifactLocation?: string
    tags?: Record<string, string>
  }): Promise<ExperimentRecord>
  /** The id of the experiment of that name, which is made when missing. */
  ensure(project: string, name: string): Promise<string>
  /** The experiment `0`, called `Default`, of the project `default`: made when missing. */
  ensureDefault(): Promise<void>
  /** In the trash or not. */
  find(id: string): Promise<ExperimentRecord | undefined>
  findByName(project: string, name: string): Promise<ExperimentRecord | undefined>
  /** Of all experiments of these projects, by name: what a page of runs needs. */
  ofRuns(runIds: readonly string[]): Promise<Map<string, ExperimentRecord>>
  /** Refused with `failed_precondition` in the trash, with `already_exists` when the name is taken. */
  rename(id: string, name: string): Promise<void>
  /** With all its runs. `not_found` when it is in the trash already. */
  trash(id: string): Promise<void>
  /** With all its runs. `not_found` when it is not in the trash. */
  restore(id: string): Promise<void>
  /** Adds or replaces tags; a `null` value removes. */
  setTags(id: string, tags: Record<string, string | null>): Promise<void>
  /** Newest first unless sorted. */
  search(query: ExperimentQuery): Promise<{ experiments: ExperimentRecord[]; next: string | null }>
}
