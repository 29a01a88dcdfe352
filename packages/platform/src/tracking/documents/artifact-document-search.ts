import type { ArtifactKind } from '@trainyard/contract'
import { boundValuesPerQuery, type Reader } from '../../database/index.ts'
import { loadArtifacts, selectArtifacts } from '../artifact-loading.ts'
import type { DocumentedArtifact } from './artifact-documents.ts'

/** A text to be met exactly, or, with `contains`, found somewhere whatever the case. */
export interface TextCondition {
  text: string
  contains: boolean
}

export interface DocumentedQuery {
  /** Absent for all projects. */
  project?: string
  key?: string
  name?: TextCondition
  /** `*` for everything that has one. */
  tag?: string
  tree?: string
  uid?: string
  iteration?: number
  /** Only what has no iteration, and the best of each sweep. */
  isBest?: boolean
  /** Not what the same run has logged again since. */
  isCurrent?: boolean
  kinds?: readonly ArtifactKind[]
  /** All of them must be there. */
  labels?: readonly { key: TextCondition; value?: TextCondition }[]
  sinceMs?: number
  untilMs?: number
  runIds?: readonly string[]
}

export type FoundArtifact = DocumentedArtifact & {
  /** It belongs to no iteration, or to the best of its sweep. */
  isBest: boolean
}

/** See `ArtifactDocuments.search`. */
export async function searchDocumented(reader: Reader, query: DocumentedQuery): Promise<FoundArtifact[]> {
  const rows = await selectRows(reader, query).execute()
  const records = await loadArtifacts(reader, rows)
  const tags = await tagsOf(reader, rows)
  return rows.flatMap((row, at): FoundArtifact[] => {
    const record = records[at]!
    const found = {
      record,
      tree: row.tree,
      uid: row.uid ?? nativeUid(record.id),
      document: row.document,
      isBest: record.iteration === 0 || row.isLinked !== null,
    }
    const own = (tags.get(row.key) ?? []).filter((tag) => isTagOf(tag, row)).map(({ tag }) => tag)
    const wanted = query.tag === undefined || query.tag === '*' ? own : own.filter((tag) => tag === query.tag)
    if (query.isBest === true && !found.isBest) return []
    if (wanted.length > 0) return wanted.map((tag) => ({ ...found, tag }))
    return query.tag === undefined ? [{ ...found, tag: null }] : []
  })
}

/** For artifacts that no document came for; it can be turned back. */
const nativeUid = (id: string): string => `00000000${id}`

function selectRows(reader: Reader, query: DocumentedQuery) {
  const { kysely, dialect } = reader
  const matches = (column: Parameters<typeof dialect.contains>[0], { text, contains }: TextCondition) =>
    contains
      ? dialect.likeAnyCase(column, `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`)
      : dialect.like(column, text.replaceAll(/[\\%_]/g, String.raw`\$&`))
  let select = selectArtifacts(reader)
    .leftJoin('client_artifact_documents as d', 'd.artifact', 'artifacts.number')
    .select(['artifacts.tree', 'artifacts.is_current as isCurrent', 'd.uid', 'd.body as document'])
    .select((row) =>
      row
        .selectFrom('artifact_links as link')
        .select('link.artifact')
        .whereRef('link.artifact', '=', 'artifacts.number')
        .limit(1)
        .as('isLinked'),
    )
    .where('runs.trashed_at', 'is', null)
    .orderBy('artifacts.number', 'desc')
  if (query.project !== undefined) select = select.where('projects.name', '=', query.project)
  if (query.key !== undefined) select = select.where('artifacts.key', '=', query.key)
  if (query.name !== undefined) select = select.where((row) => matches(row.ref('artifacts.key'), query.name!))
  if (query.tree !== undefined) select = select.where('artifacts.tree', '=', query.tree)
  if (query.uid !== undefined) {
    const id = /^0{8}([0-9a-f]{32})$/.exec(query.uid)?.[1]
    select = select.where((row) =>
      row.or([row('d.uid', '=', query.uid!), ...(id === undefined ? [] : [row('artifacts.id', '=', id)])]),
    )
  }
  if (query.iteration !== undefined) select = select.where('artifacts.iteration', '=', query.iteration)
  if (query.isCurrent === true) select = select.where('artifacts.is_current', '=', 1)
  if (query.kinds !== undefined) select = select.where('artifacts.kind', 'in', [...query.kinds])
  if (query.sinceMs !== undefined) select = select.where('artifacts.created_at', '>=', query.sinceMs)
  if (query.untilMs !== undefined) select = select.where('artifacts.created_at', '<=', query.untilMs)
  if (query.runIds !== undefined) select = select.where('runs.id', 'in', [...query.runIds])
  for (const { key, value } of query.labels ?? [])
    select = select.where('artifacts.number', 'in', (row) => {
      const labels = row
        .selectFrom('artifact_labels as l')
        .select('l.artifact')
        .where((label) => matches(label.ref('l.key'), key))
      return value === undefined ? labels : labels.where((label) => matches(label.ref('l.value'), value))
    })
  if (query.tag !== undefined && query.tag !== '*')
    select = select.where('artifacts.key', 'in', kysely.selectFrom('artifact_tags').select('key').where('tag', '=', query.tag))
  return select
}

type Row = Awaited<ReturnType<ReturnType<typeof selectRows>['execute']>>[number]

interface Tag {
  project: string
  key: string
  tag: string
  artifact: number
  tree: string | null
  iteration: number
}

/** A tag of one iteration's artifact is that of the other iterations' too. */
const isTagOf = (tag: Tag, row: Row): boolean =>
  tag.artifact === row.number ||
  (tag.key === row.key &&
    tag.project === row.project &&
    tag.tree !== null &&
    tag.tree === row.tree &&
    row.isCurrent === 1 &&
    tag.iteration !== row.iteration)

/** By key. */
async function tagsOf({ kysely }: Reader, rows: readonly Row[]): Promise<Map<string, Tag[]>> {
  const keys = [...new Set(rows.map(({ key }) => key))]
  const found = new Map<string, Tag[]>()
  for (let at = 0; at < keys.length; at += boundValuesPerQuery) {
    const tags = await kysely
      .selectFrom('artifact_tags as t')
      .innerJoin('artifacts as a', 'a.number', 't.artifact')
      .innerJoin('projects as p', 'p.number', 't.project')
      .select(['p.name as project', 't.key', 't.tag', 't.artifact', 'a.tree', 'a.iteration'])
      .where('t.key', 'in', keys.slice(at, at + boundValuesPerQuery))
      .orderBy('t.tag')
      .execute()
    for (const tag of tags) found.set(tag.key, [...(found.get(tag.key) ?? []), tag])
  }
  return found
}
