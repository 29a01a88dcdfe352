import type { JsonObject } from '@trainyard/contract'

/** What a project may be: runs start in one that is `online`; one that is `archived` keeps everything and takes nothing new. */
export const projectStates = ['online', 'offline', 'archived'] as const
export type ProjectState = (typeof projectStates)[number]

/**
 * What a project says of itself, in the form of `project.yaml` (and MLRun's): `metadata` without name and times (labels, annotations),
 * `spec` with description, owner, params, functions, workflows, artifacts, default_image, source … Fields nobody knows are kept.
 */
export interface ProjectDocument {
  metadata: JsonObject
  spec: JsonObject
}

export interface ProjectRecord extends ProjectDocument {
  name: string
  state: ProjectState
  createdAtMs: number
  updatedAtMs: number
}

export interface ProjectQuery {
  owner?: string
  state?: ProjectState
  /** `key`, or `key=value`; all must hold. */
  labels?: readonly string[]
}

export interface ProjectRecords {
  /** Idempotent. `invalid_argument` for a name that breaks addresses. */
  ensure(name: string): Promise<void>
  /** Runs are counted without iterations and without those in the trash. */
  list(): Promise<{ name: string; createdAtMs: number; runCount: number }[]>
  find(name: string): Promise<ProjectRecord | undefined>
  /** `not_found` when there is none. */
  get(name: string): Promise<ProjectRecord>
  /** By name. */
  search(query?: ProjectQuery): Promise<ProjectRecord[]>
  /** `already_exists` when there is one of that name. */
  create(name: string, document?: Partial<ProjectDocument>): Promise<ProjectRecord>
  /** Makes the project, or puts this document in place of the one it has. `desired_state` in it sets its state. */
  put(name: string, document: ProjectDocument): Promise<ProjectRecord>
  /** Merges objects member by member; `null` removes a member. Lists are replaced, or with `lists: 'add'` made longer. */
  patch(name: string, patch: Partial<ProjectDocument>, options?: { lists?: 'replace' | 'add' }): Promise<ProjectRecord>
  setState(name: string, state: ProjectState): Promise<ProjectRecord>
  /** How many rows there are of each kind of record, kinds without any left out; the kinds are names of tables. */
  contents(name: string): Promise<Record<string, number>>
  /**
   * Deletes the project and every record of it for good, `failed_precondition` while it holds runs, trashed ones included: they have
   * files, see `upkeep/`.
   */
  remove(name: string): Promise<void>
}
