import { AppError, type JsonObject } from '@trainyard/contract'
import { boundValuesPerQuery, type Reader } from '../database/index.ts'
import { isUnversioned, latestTag } from './definition-names.ts'
import type { Definition, DefinitionName, VersionChoice } from './definitions.ts'

const shortestHash = 8

export async function findDefinition({ kysely }: Reader, { project, kind, name }: DefinitionName): Promise<number | undefined> {
  const row = await kysely
    .selectFrom('definitions')
    .innerJoin('projects', 'projects.number', 'definitions.project')
    .select('definitions.number')
    .where('projects.name', '=', project)
    .where('definitions.kind', '=', kind)
    .where('definitions.name', '=', name)
    .executeTakeFirst()
  return row?.number
}

/** The version that is meant. A part of a hash that two versions begin with is refused. */
export async function findVersion(reader: Reader, definition: number, { tag, hash }: VersionChoice): Promise<number | undefined> {
  if (tag || !hash) {
    const row = await reader.kysely
      .selectFrom('definition_tags')
      .select('version')
      .where('definition', '=', definition)
      .where('tag', '=', tag || latestTag)
      .executeTakeFirst()
    return row?.version
  }
  const isPart = /^[0-9a-f]{8,39}$/.test(hash)
  const rows = await reader.kysely
    .selectFrom('definition_versions')
    .select('number')
    .where('definition', '=', definition)
    .where((where) => (isPart ? reader.dialect.like(where.ref('slot'), `${hash}%`) : where('slot', '=', hash)))
    .limit(2)
    .execute()
  if (rows.length > 1)
    throw new AppError('invalid_argument', `Several versions have a hash that begins with ${hash}; give more of its digits.`)
  return rows[0]?.number
}

export async function getVersion(reader: Reader, name: DefinitionName, choice: VersionChoice): Promise<number> {
  const definition = await findDefinition(reader, name)
  const what = `${name.kind.replaceAll('-', ' ')} ${name.name}`
  const details = { project: name.project, kind: name.kind, name: name.name }
  if (definition === undefined) throw new AppError('not_found', `There is no ${what} in project ${name.project}.`, { details })
  const version = await findVersion(reader, definition, choice)
  if (version !== undefined) return version
  const rows = await reader.kysely
    .selectFrom('definition_tags')
    .select('tag')
    .where('definition', '=', definition)
    .orderBy('tag')
    .limit(20)
    .execute()
  const tags = rows.map(({ tag }) => tag)
  const wanted = choice.tag || !choice.hash ? `tagged ${choice.tag || latestTag}` : `with the hash ${choice.hash}`
  const short = choice.hash !== undefined && !choice.tag && choice.hash.length < shortestHash
  const hint = short
    ? ` (a hash needs at least ${shortestHash} digits)`
    : tags.length > 0
      ? ` (its tags: ${tags.join(', ')})`
      : ''
  throw new AppError('not_found', `The ${what} of project ${name.project} has no version ${wanted}${hint}.`, {
    details: { ...details, tags },
  })
}

/** In the order of the numbers, which may repeat. */
export async function loadDefinitions(reader: Reader, numbers: readonly number[]): Promise<Definition[]> {
  const found = new Map<number, Definition>()
  for (let at = 0; at < numbers.length; at += boundValuesPerQuery) {
    const part = Array.from(new Set(numbers.slice(at, at + boundValuesPerQuery)))
    for (const [number, definition] of await loadPart(reader, part)) found.set(number, definition)
  }
  return numbers.map((number) => structuredClone(found.get(number)!))
}

async function loadPart({ kysely }: Reader, numbers: readonly number[]): Promise<Map<number, Definition>> {
  const rows = await kysely
    .selectFrom('definition_versions as v')
    .innerJoin('definitions as d', 'd.number', 'v.definition')
    .innerJoin('projects as p', 'p.number', 'd.project')
    .selectAll('v')
    .select(['p.name as project', 'd.kind', 'd.name'])
    .where('v.number', 'in', numbers)
    .execute()
  const tags = await kysely
    .selectFrom('definition_tags')
    .select(['version', 'tag'])
    .where('version', 'in', numbers)
    .orderBy('tag')
    .execute()
  const labels = await kysely.selectFrom('definition_labels').selectAll().where('version', 'in', numbers).orderBy('key').execute()
  const tagsOf = Map.groupBy(tags, ({ version }) => version)
  const labelsOf = Map.groupBy(labels, ({ version }) => version)
  return new Map(
    rows.map((row) => {
      const own = (tagsOf.get(row.number) ?? []).map(({ tag }) => tag)
      const definition: Definition = {
        project: row.project,
        kind: row.kind,
        name: row.name,
        hash: row.hash,
        slot: row.slot,
        isVersioned: !isUnversioned(row.slot),
        tags: own,
        tag: own.includes(latestTag) ? latestTag : (own[0] ?? null),
        type: row.type,
        body: JSON.parse(row.body) as JsonObject,
        status: row.status === null ? null : (JSON.parse(row.status) as JsonObject),
        labels: Object.fromEntries((labelsOf.get(row.number) ?? []).map(({ key, value }) => [key, value])),
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
      }
      return [row.number, definition]
    }),
  )
}

export async function loadDefinition(reader: Reader, number: number): Promise<Definition> {
  return (await loadDefinitions(reader, [number]))[0]!
}
