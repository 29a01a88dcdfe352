import type { JsonObject } from '@trainyard/contract'

/**
 * Named JSON documents with versions. Every write is durable when its promise resolves, and whole or not at all. Several processes
 * may save one name at once: their saves take turns, each version stays, and a tag leads to what was saved last.
 */
export interface Definitions {
  /**
   * Keeps a document. Versioned, the default: found by the hash of its content from then on; a content that is known gets no second
   * version, only the tags move. Otherwise it takes the slot `unversioned-<tag>`, over what was there. `status` is no part of the
   * content and replaces the kept one when given. The project is made when missing.
   * `failed_precondition` when `expected` is given and the tag leads elsewhere by now.
   */
  save(definition: NewDefinition): Promise<Definition>
  /**
   * Saves what `change` makes of the documents that a query finds, in one transaction: of several who change them at once each sees what
   * the one before has made of them. `change` may be called again, and does nothing but compute.
   */
  change(query: DefinitionQuery, change: (found: readonly Definition[]) => readonly NewDefinition[]): Promise<void>
  /** The tag decides when given, else the hash, else `latest`. A hash may be shortened to eight digits or more if it says which. */
  find(name: DefinitionName, version?: VersionChoice): Promise<Definition | undefined>
  /** As `find`; `not_found` tells what there is. */
  get(name: DefinitionName, version?: VersionChoice): Promise<Definition>
  /** Newest first, in pages. */
  list(query: DefinitionQuery): Promise<{ definitions: Definition[]; next: string | null }>
  /** What its tags led to, newest first, at most 1,000. */
  history(name: DefinitionName): Promise<TagMove[]>
  /** Moves a tag to a version, or makes it. `not_found` without that version. */
  tag(name: DefinitionName, tag: string, version: VersionChoice, by?: string): Promise<Definition>
  /** Takes a tag away; its version stays. False when there was none. Slots without versions keep theirs. */
  untag(name: DefinitionName, tag: string, by?: string): Promise<boolean>
  /** Replaces what is no part of the content, such as the state of a build. `not_found` without that version. */
  setStatus(name: DefinitionName, version: VersionChoice, status: JsonObject | null): Promise<Definition>
  /** All of it, with versions, tags and history, or one version of it. The number of versions that are gone; 0 for what is unknown. */
  delete(name: DefinitionName, version?: VersionChoice): Promise<number>
  /** Everything of these kinds in a project, or of every kind. The number of versions that are gone. */
  deleteAll(project: string, kinds?: readonly string[]): Promise<number>
  /** How many names a project has of each kind. */
  count(project: string): Promise<Record<string, number>>
}

export interface DefinitionName {
  project: string
  /** What the document is: `function`, `feature-set`, `feature-vector`. */
  kind: string
  name: string
}

export interface VersionChoice {
  tag?: string | undefined
  hash?: string | undefined
}

export interface NewDefinition extends DefinitionName {
  /** `metadata.tag`, `metadata.hash`, `metadata.updated` and `status` are left out of what is kept; `metadata.labels` become labels. */
  body: JsonObject
  /** The first one names the slot of a save without versions. `latest` unless said; none when empty. */
  tags?: readonly string[]
  versioned?: boolean
  /** Null for none. Without it the body's own `status`, if it has one. */
  status?: JsonObject | null
  /** Where the hash stands in `metadata`: MLRun calls it `hash` for functions and `uid` for feature sets. */
  hashField?: 'hash' | 'uid'
  /** The content hash that the first tag must lead to; null when it must not be there yet. */
  expected?: string | null
  by?: string
}

export interface Definition extends DefinitionName {
  /** 40 hex digits, of the content. */
  hash: string
  /** What it is kept under: its hash, or `unversioned-<tag>`. */
  slot: string
  isVersioned: boolean
  /** In order of the alphabet. */
  tags: string[]
  /** In a list, the one that this row stands for; null for a version without. */
  tag: string | null
  /** The kind that the document gives itself. */
  type: string
  body: JsonObject
  status: JsonObject | null
  labels: Record<string, string>
  createdAtMs: number
  updatedAtMs: number
}

export interface DefinitionQuery {
  /** All projects without it. */
  project?: string
  kind: string
  /** Exactly this name, or, behind `~`, any name that has this part, whatever the case. */
  name?: string
  /**
   * A tag, or `*`: one row for each tag of a version. Without it all versions, one row each, and one for each tag of those that have
   * several; slots without versions and without a tag are left out.
   */
  tag?: string
  hash?: string
  /** One row for each name instead: the version saved last. */
  newestOnly?: boolean
  /** `key`, `key=value` or `key!=value`; all must hold. */
  labels?: readonly string[]
  types?: readonly string[]
  states?: readonly string[]
  category?: string
  /** By the time of the last change, both included. */
  sinceMs?: number
  untilMs?: number
  /** 1 to 10,000; 100 unless said. */
  limit?: number
  cursor?: string
}

export interface TagMove {
  tag: string
  /** Content hashes; null where the tag led nowhere. */
  before: string | null
  after: string | null
  atMs: number
  by: string
}
