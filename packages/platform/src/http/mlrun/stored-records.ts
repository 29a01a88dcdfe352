import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { Definition, NewDefinition } from '../../definitions/index.ts'
import { invalid, missing } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import type { MlrunContext } from './route.ts'

/** Documents without versions, each under one name, kept as they came: what this server keeps for its clients without acting on it. */
export interface StoredKind {
  kind: string
  /** For sentences. */
  what: string
}

const nothing = 'latest'
const mostRecords = 10_000

/** A document and where it is kept. */
export interface NewRecord {
  project: string
  name: string
  body: JsonObject
}

/** What `changeRecords` is to keep; a record that it `adds` must be the first of its name. */
export interface RecordChange {
  stored: StoredKind
  record: NewRecord
  adds?: true
}

export async function putRecord({ definitions }: MlrunContext, stored: StoredKind, record: NewRecord): Promise<JsonObject> {
  await definitions.save(toDefinition(stored, record))
  return record.body
}

function toDefinition({ kind }: StoredKind, { project, name, body }: NewRecord): NewDefinition {
  checkProjectName(project)
  // Fields that definitions keep apart must come back where they were.
  const kept = { kind, metadata: { labels: objectAt(body, 'metadata')['labels'] ?? {} }, document: body }
  return { project, kind, name, body: kept, tags: [nothing], versioned: false, status: null }
}

/**
 * Keeps what `change` makes of the documents of a kind in a project, of one name or of all: nobody else changes them in between. A record
 * that it `adds` is refused (`failed_precondition`) where there is one of its name, and then nothing is kept.
 */
export const changeRecords = (
  { definitions }: MlrunContext,
  { kind }: StoredKind,
  { project, name }: { project: string; name?: string },
  change: (found: readonly JsonObject[]) => readonly RecordChange[],
): Promise<void> =>
  definitions.change({ kind, project, ...(name === undefined ? {} : { name }), tag: '*', limit: mostRecords }, (found) =>
    change(found.map(toDocument)).map(({ stored, record, adds }) => ({
      ...toDefinition(stored, record),
      ...(adds === undefined ? {} : { expected: null }),
    })),
  )

const toDocument = ({ body }: Definition): JsonObject => objectAt(body, 'document')

export async function findRecord(
  { definitions }: MlrunContext,
  { kind }: StoredKind,
  { project, name }: { project: string; name: string },
): Promise<JsonObject | undefined> {
  const found = await definitions.find({ project, kind, name }, { tag: nothing })
  return found && toDocument(found)
}

export async function getRecord(
  context: MlrunContext,
  stored: StoredKind,
  at: { project: string; name: string },
): Promise<JsonObject> {
  const found = await findRecord(context, stored, at)
  if (!found) throw missing(`The ${stored.what} ${at.project}/${at.name} was not found.`)
  return found
}

export async function listRecords({ definitions }: MlrunContext, { kind }: StoredKind, project: string): Promise<JsonObject[]> {
  const { definitions: found } = await definitions.list({
    kind,
    ...(project === '*' ? {} : { project }),
    tag: '*',
    limit: mostRecords,
  })
  return found.map(toDocument)
}

export const removeRecord = (
  { definitions }: MlrunContext,
  { kind }: StoredKind,
  { project, name }: { project: string; name: string },
): Promise<number> => definitions.delete({ project, kind, name })

/** Members take the place of those before, at any depth. */
export function merged(before: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...before }
  for (const [name, value] of Object.entries(patch)) {
    const known: JsonValue | undefined = result[name]
    result[name] = isJsonObject(known) && isJsonObject(value) ? merged(known, value) : value
  }
  return result
}

export const newUid = (): string => randomUUID().replaceAll('-', '')

export const nameIn = (body: JsonObject, ...path: string[]): string => {
  const name = textOf(objectAt(body, ...path.slice(0, -1))[path.at(-1)!])
  if (name === undefined) throw invalid(`The body has no name; give it one in '${path.join('.')}'.`)
  return name
}
