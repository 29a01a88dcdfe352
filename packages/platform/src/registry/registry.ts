/**
 * Registered models: names under which versions of a model are kept, each with a stage, aliases and tags, and the history of all of
 * it. One object per record kind over one database. Every write is durable when its promise resolves, stored whole or not at all,
 * and leaves an event for each thing it changed; a write that changes nothing leaves none. Several processes may hold one open.
 *
 * `not_found`, `already_exists` and refused values carry `details.record` (`model`, `version`, `alias`, `stage`, `tag`), so that a
 * dialect can say it in its own words.
 */
export interface Registry {
  readonly models: ModelRecords
  readonly versions: VersionRecords
  readonly stages: StageRecords
  readonly history: HistoryRecords
  readonly shipped: ShippedVersions
}

/** Names of models are unique in a project. */
export interface ModelName {
  project: string
  name: string
}
export interface VersionName extends ModelName {
  version: number
}

/** Who changes something, through which program, and why: kept with every event. */
export interface ChangeOrigin {
  by: string
  /** `cli`, or how a client calls itself. */
  via: string
  reason?: string
  /** Imports tell when it was; now when absent. */
  atMs?: number
}

export interface RegisteredModel extends ModelName {
  description: string | null
  createdAtMs: number
  /** Of the model or one of its versions; tags and aliases do not count. */
  updatedAtMs: number
  createdBy: string
  tags: Record<string, string>
  /** Alias to version. */
  aliases: Record<string, number>
  /** The newest version of each stage that has one, in order of version. */
  latestVersions: ModelVersion[]
}

export const versionStatuses = ['pending', 'failed', 'ready'] as const
export type VersionStatus = (typeof versionStatuses)[number]

export interface ModelVersion extends VersionName {
  /** What it was registered from, as written then: an artifact's address, `runs:/…`, `models:/…`. */
  source: string
  /** Where its bytes lie; that of the source for a copy of another version. */
  location: string
  runId: string | null
  runLink: string | null
  artifactId: string | null
  loggedModelId: string | null
  description: string | null
  stage: string
  status: VersionStatus
  statusMessage: string | null
  createdAtMs: number
  updatedAtMs: number
  createdBy: string
  tags: Record<string, string>
  aliases: string[]
}

export interface NewModel extends ModelName {
  description?: string
  tags?: Record<string, string>
}

export interface NewVersion extends ModelName {
  source: string
  /** When it is not the source itself. A source `models:/name/version` of the same project is looked up here. */
  location?: string
  runId?: string
  runLink?: string
  artifactId?: string
  loggedModelId?: string
  description?: string
  tags?: Record<string, string>
  /** `ready` when absent. */
  status?: VersionStatus
  aliases?: readonly string[]
  /** It takes this stage over: other versions in it go to Archived. */
  stage?: string
}

export interface ModelRecords {
  /** `already_exists` also for a name that is another's percent-encoding. A deleted model's name is free again. */
  create(model: NewModel, origin: ChangeOrigin): Promise<RegisteredModel>
  get(model: ModelName): Promise<RegisteredModel>
  find(model: ModelName): Promise<RegisteredModel | undefined>
  /** `null` clears. */
  describe(model: ModelName, description: string | null, origin: ChangeOrigin): Promise<RegisteredModel>
  /** Versions, aliases and history go with it. */
  rename(model: ModelName, newName: string, origin: ChangeOrigin): Promise<RegisteredModel>
  /** With all versions, whatever their stage. What was stays in the history. */
  delete(model: ModelName, origin: ChangeOrigin): Promise<void>
  /** Adds or replaces; `null` removes, also what is not there. */
  setTags(model: ModelName, tags: Record<string, string | null>, origin: ChangeOrigin): Promise<void>
  /** Points the alias at a version, moving it when it exists. */
  setAlias(version: VersionName, alias: string, origin: ChangeOrigin): Promise<void>
  /** Idempotent. */
  removeAlias(model: ModelName, alias: string, origin: ChangeOrigin): Promise<void>
  search(query: ModelQuery): Promise<{ models: RegisteredModel[]; next: string | null }>
}

export interface VersionRecords {
  /** The next number of the model; `makeModel` makes the model when it is missing. Numbers are consecutive under any concurrency. */
  create(version: NewVersion, origin: ChangeOrigin, options?: { makeModel?: boolean }): Promise<ModelVersion>
  get(version: VersionName): Promise<ModelVersion>
  find(version: VersionName): Promise<ModelVersion | undefined>
  describe(version: VersionName, description: string | null, origin: ChangeOrigin): Promise<ModelVersion>
  setStatus(version: VersionName, status: VersionStatus, message: string | null, origin: ChangeOrigin): Promise<ModelVersion>
  setTags(version: VersionName, tags: Record<string, string | null>, origin: ChangeOrigin): Promise<void>
  /**
   * Moves the version to a stage, whatever the case of its letters. With `archiveOthers` every other version in that stage goes to
   * Archived in the same transaction; refused for None and Archived themselves.
   */
  transition(version: VersionName, change: { to: string; archiveOthers?: boolean }, origin: ChangeOrigin): Promise<ModelVersion>
  /** Its aliases go; its number is never given again. */
  delete(version: VersionName, origin: ChangeOrigin): Promise<void>
  /** The newest version in each of the stages (in every stage without any), in order of version. */
  latest(model: ModelName, stages?: readonly string[]): Promise<ModelVersion[]>
  /** `not_found` when there is no such alias. The alias `latest` is the newest version. */
  ofAlias(model: ModelName, alias: string): Promise<ModelVersion>
  search(query: VersionQuery): Promise<{ versions: ModelVersion[]; next: string | null }>
  /** The versions, of whatever project, that were made by these runs: what must not lose its bytes. */
  madeBy(runIds: readonly string[]): Promise<(VersionName & { runId: string })[]>
}

/** A version as another machine tells of it, with that machine's number. */
export interface ShippedVersion extends Omit<ModelVersion, 'runId' | 'createdAtMs' | 'updatedAtMs' | 'createdBy'> {
  /** For the model, when there is none of that name yet. */
  model: { description?: string; tags: Record<string, string> }
}

export interface ShippedVersions {
  /**
   * Takes a version over that a run made on another machine: it becomes the next version of the model of that name here, in the same
   * stage, with those of its aliases that no other version has. A repeat changes nothing and gives what it became, deleted or not.
   */
  put(runId: string, version: ShippedVersion, origin: ChangeOrigin): Promise<{ version: ModelVersion; isNew: boolean }>
}

/** `None`, `Staging`, `Production` and `Archived` are in every project; others are added by hand. */
export interface StageRecords {
  list(project: string): Promise<string[]>
  /** Idempotent, whatever the case of its letters; returns how the stage is written. */
  add(project: string, name: string, origin: ChangeOrigin): Promise<string>
}

export const textOperators = ['=', '!=', 'like', 'ilike', 'in', 'not in', 'is not'] as const
export type TextOperator = (typeof textOperators)[number]
export const numberOperators = ['=', '!=', '<', '<=', '>', '>='] as const
export type NumberOperator = (typeof numberOperators)[number]

/** `is not` also holds where there is no value at all; `in` and `not in` take their `values`. */
export type TextCondition =
  | { operator: Exclude<TextOperator, 'in' | 'not in'>; value: string }
  | { operator: 'in' | 'not in'; values: readonly string[] }

/** All clauses must hold. A tag that is missing makes every clause about it false, `is not` aside. */
export type ModelClause = { field: 'name'; condition: TextCondition } | { field: 'tag'; key: string; condition: TextCondition }
export type VersionClause =
  | { field: 'name' | 'run' | 'source' | 'stage'; condition: TextCondition }
  | { field: 'version'; operator: NumberOperator; value: number }
  | { field: 'tag'; key: string; condition: TextCondition }

export interface RegistrySort<Field extends string> {
  field: Field
  direction: 'ascending' | 'descending'
}
export type ModelSortField = 'name' | 'updated'
export type VersionSortField = 'name' | 'version' | 'created' | 'updated'

interface PageQuery {
  project: string
  /** 100 when absent. */
  limit?: number
  /** From a previous answer's `next`; refused with `invalid_argument` when it belongs to another order. */
  cursor?: string
}
export interface ModelQuery extends PageQuery {
  clauses?: readonly ModelClause[]
  /** By name when absent; what is equal is ordered by name. */
  sort?: readonly RegistrySort<ModelSortField>[]
}
export interface VersionQuery extends PageQuery {
  clauses?: readonly VersionClause[]
  /** What is equal (everything, without a sort) is ordered by last update, newest first, then name, then version, highest first. */
  sort?: readonly RegistrySort<VersionSortField>[]
}

export const registryEventKinds = [
  'model_created',
  'model_renamed',
  'model_deleted',
  'version_created',
  'version_deleted',
  'description_changed',
  'status_changed',
  'stage_changed',
  'alias_set',
  'alias_removed',
  'tag_set',
  'tag_removed',
] as const
export type RegistryEventKind = (typeof registryEventKinds)[number]

export interface RegistryEvent {
  /** Grows with every event. */
  id: number
  kind: RegistryEventKind
  /** Null when the model itself changed. For an alias: the version it points at now, or did last. */
  version: number | null
  /** The alias or the tag. */
  key: string | null
  /** Text of what was there: a name, a stage, a tag's value, a version's number for an alias. */
  before: string | null
  after: string | null
  atMs: number
  by: string
  via: string
  reason: string | null
}

/** A model as it was at a moment. */
export interface ModelSnapshot extends ModelName {
  atMs: number
  description: string | null
  tags: Record<string, string>
  aliases: Record<string, number>
  versions: VersionSnapshot[]
}
export interface VersionSnapshot {
  version: number
  stage: string
  /** When it came to that stage, who brought it there, and why. */
  stageSinceMs: number
  stageBy: string
  stageReason: string | null
  aliases: string[]
  description: string | null
  tags: Record<string, string>
  source: string
  runId: string | null
  artifactId: string | null
}

/** An event of whatever model. */
export interface NamedRegistryEvent extends RegistryEvent, ModelName {}

export interface HistoryRecords {
  /** Id of the newest event of all models; 0 before the first. */
  latest(): Promise<number>
  /** Events of all models behind that id, in order of their ids, at most `limit`; the names are those of now. */
  after(id: number, options: { limit: number }): Promise<NamedRegistryEvent[]>
  /** Oldest first. Of the live model of that name, else of the newest deleted one. `not_found` when there never was one. */
  of(model: ModelName, options?: { version?: number }): Promise<RegistryEvent[]>
  /** The model that had the name then, whatever it is called now and whether it still is. `not_found` when there was none. */
  at(model: ModelName, timeMs: number): Promise<ModelSnapshot>
}
