import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'
import { contentHash } from './content-hash.ts'
import { checkDefinitionName, checkProjectName, checkTag, latestTag, slotOf } from './definition-names.ts'
import { findVersion } from './definition-rows.ts'
import type { NewDefinition } from './definitions.ts'

/** A body as it is kept, and what is read from it. */
export interface PreparedDefinition {
  hash: string
  slot: string
  tags: readonly string[]
  type: string
  body: string
  labels: [string, string][]
  categories: string
  /** Undefined: what is kept stays. */
  status: JsonObject | null | undefined
}

const largestBodyBytes = 20 * 1024 * 1024
const longestLabel = 1_000

/** Checks a document and takes apart what is kept apart. Outside the transaction: it may be megabytes. */
export function prepareDefinition(definition: NewDefinition): PreparedDefinition {
  const { kind, name, project, tags = [latestTag], versioned = true, hashField = 'hash' } = definition
  checkProjectName(project)
  checkDefinitionName(`name of the ${kind.replaceAll('-', ' ')}`, name)
  for (const tag of tags) checkTag(tag)
  const { status, ...document } = definition.body
  const {
    tag: _tag,
    updated: _updated,
    [hashField]: _hash,
    ...metadata
  } = isJsonObject(document['metadata']) ? document['metadata'] : {}
  const body = { ...document, metadata }
  const hash = contentHash(body, hashField)
  const json = JSON.stringify(body)
  if (Buffer.byteLength(json) > largestBodyBytes)
    throw new AppError(
      'invalid_argument',
      `The ${kind.replaceAll('-', ' ')} ${name} is larger than 20 MiB; keep its code in a Git repository or an archive and name that as its source.`,
    )
  const given = definition.status
  return {
    hash,
    slot: versioned ? hash : slotOf(tags[0] ?? ''),
    tags,
    type: typeof document['kind'] === 'string' ? document['kind'] : '',
    body: json,
    labels: labelsOf(metadata['labels']),
    categories: JSON.stringify(Array.isArray(metadata['categories']) ? metadata['categories'].map(String) : []),
    status: given === undefined ? (isJsonObject(status) ? status : undefined) : given,
  }
}

function labelsOf(labels: JsonValue | undefined): [string, string][] {
  if (!isJsonObject(labels)) return []
  return Object.entries(labels).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (key.length > longestLabel || text.length > longestLabel)
      throw new AppError('invalid_argument', `The label '${key.slice(0, 40)}' is longer than ${longestLabel} characters.`)
    return [key.toWellFormed().replaceAll('\0', ''), text.toWellFormed().replaceAll('\0', '')]
  })
}

/** The number of the version that holds the document from now on. */
export async function saveDefinition(
  transaction: Transaction,
  definition: NewDefinition,
  prepared: PreparedDefinition,
  nowMs: number,
): Promise<number> {
  const number = await ensureDefinition(transaction, definition, nowMs)
  const { tags } = prepared
  if (definition.expected !== undefined && tags.length > 0) await checkExpected(transaction, number, tags[0]!, definition)
  const version = await putVersion(transaction, number, prepared, nowMs)
  await transaction.kysely
    .updateTable('definitions')
    .set({ updated_at: nowMs, newest: version })
    .where('number', '=', number)
    .execute()
  for (const tag of tags) await moveTag(transaction, { definition: number, tag, version, nowMs, by: definition.by ?? '' })
  return version
}

async function checkExpected(
  transaction: Transaction,
  definition: number,
  tag: string,
  { expected, kind, name }: NewDefinition,
): Promise<void> {
  const found = (await hashOfTag(transaction, definition, tag)) ?? null
  if (found === (expected ?? null)) return
  const what = `The ${kind.replaceAll('-', ' ')} ${name}:${tag}`
  const now = found === null ? 'is not there any more' : `leads to ${found.slice(0, 8)} by now`
  throw new AppError(
    'failed_precondition',
    `${what} ${expected === null ? 'exists already' : now}: somebody else saved it. Look at theirs (trainyard function diff ${name}) and save again.`,
    { details: { expected, found } },
  )
}

async function hashOfTag({ kysely }: Transaction, definition: number, tag: string): Promise<string | undefined> {
  const row = await kysely
    .selectFrom('definition_tags as t')
    .innerJoin('definition_versions as v', 'v.number', 't.version')
    .select('v.hash')
    .where('t.definition', '=', definition)
    .where('t.tag', '=', tag)
    .executeTakeFirst()
  return row?.hash
}

async function ensureDefinition({ kysely }: Transaction, { project, kind, name }: NewDefinition, nowMs: number): Promise<number> {
  const owner =
    (await kysely.selectFrom('projects').select('number').where('name', '=', project).executeTakeFirst()) ??
    (await kysely
      .insertInto('projects')
      .values({ name: project, created_at: nowMs })
      .returning('number')
      .executeTakeFirstOrThrow())
  const known = await kysely
    .selectFrom('definitions')
    .select('number')
    .where('project', '=', owner.number)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst()
  if (known) return known.number
  const row = { project: owner.number, kind, name, created_at: nowMs, updated_at: nowMs, newest: null }
  const added = await kysely.insertInto('definitions').values(row).returning('number').executeTakeFirstOrThrow()
  return added.number
}

async function putVersion(
  transaction: Transaction,
  definition: number,
  { slot, hash, type, body, categories, labels, status }: PreparedDefinition,
  nowMs: number,
): Promise<number> {
  const { kysely } = transaction
  const kept = status === undefined ? {} : { status: status === null ? null : JSON.stringify(status), state: stateOf(status) }
  const known = await kysely
    .selectFrom('definition_versions')
    .select(['number', 'hash', 'created_at'])
    .where('definition', '=', definition)
    .where('slot', '=', slot)
    .executeTakeFirst()
  if (known) {
    // The body goes in again: MLRun's recipe leaves out the time of making, which a document may carry.
    const set = { hash, type, body, categories, updated_at: nowMs, ...kept }
    await kysely.updateTable('definition_versions').set(set).where('number', '=', known.number).execute()
    await kysely.deleteFrom('definition_labels').where('version', '=', known.number).execute()
    await addLabels(transaction, known.number, labels)
    return known.number
  }
  const row = { definition, slot, hash, type, body, categories, status: null, state: null, created_at: nowMs, updated_at: nowMs }
  const { number } = await kysely
    .insertInto('definition_versions')
    .values({ ...row, ...kept })
    .returning('number')
    .executeTakeFirstOrThrow()
  await addLabels(transaction, number, labels)
  return number
}

const addLabels = (transaction: Transaction, version: number, labels: readonly [string, string][]): Promise<void> =>
  transaction.insertRows(
    'definition_labels',
    ['version', 'key', 'value'],
    labels.map(([key, value]) => [version, key, value]),
    { onConflict: 'ignore' },
  )

export const stateOf = (status: JsonObject | null): string | null =>
  typeof status?.['state'] === 'string' ? status['state'] : null

interface Move {
  definition: number
  tag: string
  /** Undefined takes the tag away. */
  version: number | undefined
  nowMs: number
  by: string
}

/** Moves a tag and notes it, unless it leads to that content already. False when there was nothing to move. */
export async function moveTag(transaction: Transaction, { definition, tag, version, nowMs, by }: Move): Promise<boolean> {
  const { kysely } = transaction
  const before = (await hashOfTag(transaction, definition, tag)) ?? null
  if (version === undefined) {
    await kysely.deleteFrom('definition_tags').where('definition', '=', definition).where('tag', '=', tag).execute()
  } else {
    const row = [definition, tag, version]
    await transaction.insertRows('definition_tags', ['definition', 'tag', 'version'], [row], {
      onConflict: { replace: ['definition', 'tag'] },
    })
  }
  const after = version === undefined ? null : ((await hashOfTag(transaction, definition, tag)) ?? null)
  if (before === after) return before !== null
  await kysely.insertInto('definition_moves').values({ definition, tag, before, after, at: nowMs, by }).execute()
  return true
}

/** Moves a tag to a version that is named. False without that version. */
export async function moveTagTo(
  transaction: Transaction,
  move: Omit<Move, 'version'>,
  choice: { tag?: string | undefined; hash?: string | undefined },
): Promise<number | undefined> {
  const version = await findVersion(transaction, move.definition, choice)
  if (version !== undefined) await moveTag(transaction, { ...move, version })
  return version
}
