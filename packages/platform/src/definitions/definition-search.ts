import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Dialect, Reader } from '../database/index.ts'
import { loadDefinitions } from './definition-rows.ts'
import type { Definition, DefinitionQuery } from './definitions.ts'

type Condition = RawBuilder<SqlBool>

const defaultLimit = 100
const largestLimit = 10_000
const mostConditions = 100

/** See `Definitions.list`. */
export async function listDefinitions(
  reader: Reader,
  query: DefinitionQuery,
): Promise<{ definitions: Definition[]; next: string | null }> {
  const { limit = defaultLimit, newestOnly = false } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestLimit)
    throw new AppError('invalid_argument', `The limit must be a whole number from 1 to ${largestLimit}, not ${limit}.`)
  const tag = newestOnly ? sql<string>`''` : sql<string>`coalesce(t.tag, '')`
  const place = sql`(v.updated_at, v.number, ${tag})`
  const conditions = conditionsOf(query, reader.dialect)
  if (query.cursor !== undefined) {
    const [updated, number, behind] = decodeCursor(query.cursor)
    conditions.push(sql`${place} < (${updated}, ${number}, ${behind})`)
  }
  const tags = newestOnly ? sql`` : sql`left join definition_tags as t on t.version = v.number`
  const rows = await reader.arrays({
    compile: () =>
      sql`select v.number, v.updated_at, ${tag} from definition_versions as v join definitions as d on d.number = v.definition ${tags} where ${sql.join(conditions, sql` and `)} order by v.updated_at desc, v.number desc, 3 desc limit ${limit + 1}`.compile(
        reader.kysely,
      ),
  })
  const page = rows.slice(0, limit)
  const found = await loadDefinitions(
    reader,
    page.map(([number]) => number as number),
  )
  const definitions = newestOnly
    ? found
    : found.map((definition, at) => ({ ...definition, tag: (page[at]![2] as string) || null }))
  const last = page.at(-1)
  return { definitions, next: rows.length > limit && last ? encodeCursor([last[1], last[0], last[2]]) : null }
}

function conditionsOf(query: DefinitionQuery, dialect: Dialect): Condition[] {
  const { project, kind, name, tag, hash, newestOnly, labels = [], types = [], states = [], category, sinceMs, untilMs } = query
  if (labels.length + types.length + states.length > mostConditions)
    throw new AppError('invalid_argument', `The filter has more than ${mostConditions} conditions.`)
  const found: Condition[] = [sql`d.kind = ${kind}`]
  if (project !== undefined) found.push(sql`d.project = (select number from projects where name = ${project})`)
  if (name?.startsWith('~')) found.push(dialect.likeAnyCase(sql<string>`d.name`, `%${plainPattern(name.slice(1))}%`))
  else if (name !== undefined) found.push(sql`d.name = ${name}`)
  if (newestOnly) found.push(sql`v.number = d.newest`)
  else found.push(tagCondition(tag))
  if (hash !== undefined) found.push(sql`v.slot = ${hash}`)
  for (const label of labels) found.push(labelCondition(label))
  if (types.length > 0) found.push(sql`v.type in (${sql.join(types)})`)
  if (states.length > 0) found.push(sql`v.state in (${sql.join(states)})`)
  if (category !== undefined) found.push(dialect.contains(sql<string>`v.categories`, JSON.stringify(category)))
  if (sinceMs !== undefined) found.push(sql`v.updated_at >= ${sinceMs}`)
  if (untilMs !== undefined) found.push(sql`v.updated_at <= ${untilMs}`)
  return found
}

const plainPattern = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`)

function tagCondition(tag: string | undefined): Condition {
  if (tag === undefined || tag === '') return sql`(t.tag is not null or v.slot = v.hash)`
  return tag === '*' ? sql`t.tag is not null` : sql`t.tag = ${tag}`
}

function labelCondition(label: string): Condition {
  const [, key = '', operator, value = ''] = /^([^=!]+?)\s*(?:(!?=)\s*(.*))?$/s.exec(label.trim()) ?? []
  if (key === '')
    throw new AppError('invalid_argument', `The label filter '${label.slice(0, 80)}' is not key, key=value or key!=value.`)
  const labels = sql`definition_labels as l where l.version = v.number and l.key = ${key}`
  if (operator === undefined) return sql`exists (select 1 from ${labels})`
  if (operator === '=') return sql`exists (select 1 from ${labels} and l.value = ${value})`
  return sql`not exists (select 1 from ${labels} and l.value = ${value})`
}

const encodeCursor = (place: readonly unknown[]): string => Buffer.from(JSON.stringify(place)).toString('base64url')

function decodeCursor(cursor: string): [number, number, string] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(place) && place.length === 3) {
      const [updated, number, tag] = place as unknown[]
      if (Number.isSafeInteger(updated) && Number.isSafeInteger(number) && typeof tag === 'string')
        return [updated as number, number as number, tag]
    }
  } catch {
    // Told below.
  }
  throw new AppError('invalid_argument', 'The cursor is not one of this list; ask for the first page again.', {
    details: { record: 'cursor' },
  })
}
