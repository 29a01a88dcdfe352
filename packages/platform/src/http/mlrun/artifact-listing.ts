import type { ArtifactKind, JsonObject, RunRecord } from '@trainyard/contract'
import type { DocumentedArtifact, DocumentedQuery } from '../../tracking/index.ts'
import { kindOf } from './artifact-document.ts'
import { artifactUri } from './artifact-uri.ts'
import { fromArtifact } from './artifact-view.ts'
import { invalid } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { Query } from './query.ts'
import type { MlrunContext } from './route.ts'
import { readToken } from './run-query.ts'
import { uidOf } from './run-view.ts'

const categories: Readonly<Record<string, readonly ArtifactKind[]>> = {
  model: ['model'],
  dataset: ['dataset'],
  document: ['file'],
  other: ['file', 'directory', 'plot', 'chart', 'table', 'html', 'object'],
}

/** What a run made: its own, for a sweep also what its best iteration made. */
export async function artifactsOfRun(
  { tracking }: MlrunContext,
  run: RunRecord,
): Promise<{ documents: JsonObject[]; uris: Record<string, string> }> {
  const iteration = run.kind === 'iteration' ? run.iteration : 0
  const found = await tracking.artifactDocuments.search({ project: run.project, tree: uidOf(run), isCurrent: true })
  const seen = new Set<string>()
  const documents = (found as (DocumentedArtifact & { isBest?: boolean })[])
    .filter(({ record, isBest }) => record.iteration === iteration || (iteration === 0 && isBest === true))
    .filter(({ record }) => !seen.has(record.key) && seen.add(record.key))
    .map(fromArtifact)
    .toReversed()
  const uris = documents.map((document) => [
    textOf(objectAt(document, 'metadata')['key']) ?? '',
    artifactUri(run.project, document),
  ])
  return { documents, uris: Object.fromEntries(uris) as Record<string, string> }
}

function toSearch(project: string, query: Query): DocumentedQuery {
  const [kind, category] = [query.text('kind'), query.text('category')]
  if (kind !== undefined && category !== undefined)
    throw invalid("Ask for a 'kind' or for a 'category' of artifacts, not for both.")
  const [iteration, best] = [query.integer('iter'), query.flag('best-iteration')]
  if (iteration !== undefined && best === true) throw invalid("Ask for an 'iter' or for the 'best-iteration', not for both.")
  const wanted = category === undefined ? undefined : categories[category]
  if (category !== undefined && wanted === undefined)
    throw invalid(`There is no category '${category.slice(0, 40)}' of artifacts; there are model, dataset, document and other.`)
  const [name, tag, tree] = [query.condition('name'), query.text('tag'), query.text('tree')]
  const [sinceMs, untilMs] = [query.timeMs('since'), query.timeMs('until')]
  return {
    ...(project === '*' ? {} : { project }),
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tag }),
    ...(tree === undefined ? {} : { tree }),
    ...(iteration === undefined ? {} : { iteration }),
    ...(best === true ? { isBest: true } : {}),
    ...(kind === undefined
      ? wanted === undefined
        ? {}
        : { kinds: wanted }
      : { kinds: kind === 'artifact' ? ['file', 'html', 'object'] : [kindOf(kind, undefined)] }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
    labels: query.labels(),
  }
}

/** All artifacts that are asked for, as documents. */
export async function findArtifacts(
  { tracking }: MlrunContext,
  project: string,
  query: Query,
): Promise<{ found: DocumentedArtifact; document: JsonObject }[]> {
  const kind = query.text('kind')
  const [producer, limit] = [query.text('producer_uri'), query.integer('limit')]
  const [parent, category] = [query.text('parent'), query.text('category')]
  const found = await tracking.artifactDocuments.search(toSearch(project, query))
  const all = found
    .map((each) => ({ found: each, document: fromArtifact(each) }))
    .filter(({ document }) => {
      const spec = objectAt(document, 'spec')
      const own = textOf(document['kind']) ?? 'artifact'
      return (
        (kind === undefined || own === kind) &&
        (category !== 'document' || own === 'document') &&
        (producer === undefined || textOf(objectAt(spec, 'producer')['uri']) === producer) &&
        (parent === undefined || textOf(spec['parent_uri'])?.includes(parent.replace(/^~/, '')) === true)
      )
    })
  return limit === undefined || limit <= 0 ? all : all.slice(0, limit)
}

/** Without what makes artifacts large. */
export function minimal(document: JsonObject): JsonObject {
  const { schema: _, header: __, column_metadata: ___, feature_stats: ____, ...spec } = objectAt(document, 'spec')
  const { preview: _____, stats: ______, ...status } = objectAt(document, 'status')
  return { ...document, spec, status }
}

const usualPageSize = 20

export interface Page<Value> {
  values: Value[]
  pagination: { page: number | null; 'page-size': number | null; 'page-token': string | null }
}

/** The query that a token continues, or the one that was written. */
export const queryOf = (query: Query, written: Record<string, unknown>): { query: Query; written: Record<string, unknown> } => {
  const token = query.text('page-token')
  if (token === undefined) return { query, written }
  const given = readToken(token)
  return { query: new Query(given), written: given }
}

/** A part of what was found, and a token for the next one. */
export function pageOf<Value>(values: Value[], query: Query, written: Record<string, unknown>): Page<Value> {
  const [page, size] = [query.integer('page'), query.integer('page-size')]
  if (page === undefined && size === undefined)
    return { values, pagination: { page: null, 'page-size': null, 'page-token': null } }
  const [number, pageSize] = [page ?? 1, size ?? usualPageSize]
  if (number < 1 || pageSize < 1) throw invalid('Pages and their sizes are counted from 1.')
  const token =
    number * pageSize >= values.length
      ? null
      : Buffer.from(JSON.stringify({ ...written, page: String(number + 1), 'page-size': String(pageSize) })).toString('base64url')
  return {
    values: values.slice((number - 1) * pageSize, number * pageSize),
    pagination: { page: number, 'page-size': pageSize, 'page-token': token },
  }
}
