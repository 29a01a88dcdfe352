import type { JsonObject } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import type { Definition, DefinitionQuery, Definitions, TagMove } from '../definitions/index.ts'
import { type FunctionDocument, fromFunctionDocument } from './function-document.ts'
import { type FunctionReference, printFunctionReference } from '@trainyard/contract/function-reference'

/** What functions are called among the definitions of a project. */
export const functionKind = 'function'

/** One version of a function. */
export interface FunctionVersion {
  project: string
  name: string
  kind: string
  /** 40 hex digits over everything that is not status. */
  hash: string
  /** Kept without versions, under its tag alone: each save replaces it. */
  isVersioned: boolean
  tags: string[]
  /** `db://project/name@hash`, or with the tag where there are no versions. */
  reference: string
  spec: FunctionSpec
  /** As it is kept, in MLRun's shape; may say more than `spec`. */
  document: FunctionDocument
  /** State of its build: `ready`, `building`, `error`, with what was built. */
  status: JsonObject | null
  createdAtMs: number
  updatedAtMs: number
}

export interface SaveFunction {
  project: string
  document: FunctionDocument
  /** `latest` unless said. */
  tags?: readonly string[]
  versioned?: boolean
  /** See `NewDefinition.expected`. */
  expected?: string | null
  status?: JsonObject | null
  by?: string
}

/**
 * The functions of projects: definitions whose document is a function's. A reference without a project means `project`. Promises of
 * durability and of saves at once are those of `Definitions`.
 */
export interface Functions {
  save(request: SaveFunction): Promise<FunctionVersion>
  find(reference: FunctionReference, project: string): Promise<FunctionVersion | undefined>
  get(reference: FunctionReference, project: string): Promise<FunctionVersion>
  list(query: Omit<DefinitionQuery, 'kind'>): Promise<{ functions: FunctionVersion[]; next: string | null }>
  history(name: string, project: string): Promise<TagMove[]>
  tag(reference: FunctionReference, project: string, tag: string, by?: string): Promise<FunctionVersion>
  untag(name: string, project: string, tag: string, by?: string): Promise<boolean>
  setStatus(reference: FunctionReference, project: string, status: JsonObject | null): Promise<FunctionVersion>
  /** The whole function, or one version of it. How many versions are gone. */
  delete(reference: FunctionReference, project: string): Promise<number>
}

export function createFunctions(definitions: Definitions): Functions {
  const keyOf = (reference: FunctionReference, project: string) => ({
    kind: functionKind,
    project: reference.project ?? project,
    name: reference.name,
  })
  return {
    save: async ({ project, document, ...rest }) => {
      const { name } = fromFunctionDocument(document)
      return toVersion(await definitions.save({ kind: functionKind, project, name, body: document, ...rest }))
    },
    find: async (reference, project) => {
      const found = await definitions.find(keyOf(reference, project), reference)
      return found && toVersion(found)
    },
    get: async (reference, project) => toVersion(await definitions.get(keyOf(reference, project), reference)),
    list: async (query) => {
      const page = await definitions.list({ ...query, kind: functionKind })
      return { functions: page.definitions.map(toVersion), next: page.next }
    },
    history: (name, project) => definitions.history(keyOf({ name }, project)),
    tag: async (reference, project, tag, by) => toVersion(await definitions.tag(keyOf(reference, project), tag, reference, by)),
    untag: (name, project, tag, by) => definitions.untag(keyOf({ name }, project), tag, by),
    setStatus: async (reference, project, status) =>
      toVersion(await definitions.setStatus(keyOf(reference, project), reference, status)),
    delete: (reference, project) => definitions.delete(keyOf(reference, project), reference),
  }
}

export function toVersion(definition: Definition): FunctionVersion {
  const { project, name, hash, isVersioned, tags, tag, body, status, createdAtMs, updatedAtMs } = definition
  const reference = printFunctionReference({ project, name, ...(isVersioned ? { hash } : tag === null ? {} : { tag }) })
  const spec = { ...fromFunctionDocument(body), name }
  return {
    project,
    name,
    kind: spec.kind ?? '',
    hash,
    isVersioned,
    tags,
    reference,
    spec,
    document: body,
    status,
    createdAtMs,
    updatedAtMs,
  }
}
