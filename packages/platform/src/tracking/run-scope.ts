import type { RunFilter } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Reader } from '../database/index.ts'
import { datasetCondition } from './dataset-condition.ts'
import { areCandidatesExact, type Candidates, candidatesOf } from './run-candidates.ts'
import { compileRunFilter, flatten } from './run-filter-compiler.ts'
import type { RunQuery } from './tracking.ts'

/** Which runs a query is about: conditions on the table `runs as r`, and the indexes that can name them. */
export interface RunScope {
  /** In or out of the trash, iterations and nested runs or not, of which project. Spelled as the partial indexes of the table are. */
  readonly visible: RawBuilder<SqlBool>
  /** `visible` and the filter. */
  readonly matches: RawBuilder<SqlBool>
  /** The conditions that all runs must fulfil and an index can answer. */
  readonly conditions: readonly IndexedCondition[]
  /** The same of project and experiments. */
  readonly places: readonly IndexedCondition[]
  readonly filter: RunFilter | undefined
  /** Runs that all `conditions` name match the filter: only whether they are visible is left to ask. */
  readonly isNamed: boolean
  /** What is left to ask of runs that these conditions name. */
  without(named: ReadonlySet<IndexedCondition>): RawBuilder<SqlBool>
}

export interface IndexedCondition {
  readonly candidates: Candidates
  readonly condition: RawBuilder<SqlBool>
}

/** Who asks for what lies below a run means it. */
const asksForParent = (filter: RunFilter | undefined): boolean =>
  filter !== undefined &&
  flatten(filter, 'and').some((part) => 'field' in part && part.field.scope === 'attribute' && part.field.name === 'parent')

/** Undefined when the project does not exist. */
export async function createRunScope(
  reader: Reader,
  query: Pick<RunQuery, 'filter' | 'project' | 'trashed' | 'iterations' | 'experimentIds' | 'dataset'>,
): Promise<RunScope | undefined> {
  const parts: RawBuilder<SqlBool>[] = []
  if (query.trashed !== 'either') parts.push(query.trashed ? sql`r.trashed_at is not null` : sql`r.trashed_at is null`)
  else parts.push(sql`1 = 1`)
  if (!query.iterations && !asksForParent(query.filter)) parts.push(sql`r.iteration = 0`, sql`r.parent is null`)
  const conditions: IndexedCondition[] = []
  const places: IndexedCondition[] = []
  if (query.project !== undefined) {
    const project = await reader.kysely
      .selectFrom('projects')
      .select('number')
      .where('name', '=', query.project)
      .executeTakeFirst()
    if (!project) return undefined
    const condition = sql<SqlBool>`r.project = ${project.number}`
    parts.push(condition)
    if (!query.trashed)
      places.push({
        condition,
        candidates: sql`select number as n from runs where project = ${project.number} and trashed_at is null`,
      })
  }
  if (query.experimentIds) {
    const list = reader.dialect.numberList(query.experimentIds.map(Number))
    const condition = sql<SqlBool>`r.experiment in ${list}`
    parts.push(condition)
    places.push({ condition, candidates: sql`select number as n from runs where experiment in ${list}` })
  }
  for (const each of query.dataset ?? []) {
    const { holds, candidates } = datasetCondition(each, reader.dialect)
    parts.push(holds)
    conditions.push({ condition: holds, candidates })
  }
  const visible = sql<SqlBool>`${sql.join(parts, sql` and `)}`
  const { filter } = query
  if (!filter) return { visible, matches: visible, conditions, places, filter, isNamed: true, without: () => visible }
  const matches = sql<SqlBool>`${visible} and ${compileRunFilter(filter, reader.dialect)}`
  const tests = flatten(filter, 'and').map((part) => {
    const condition = compileRunFilter(part, reader.dialect)
    const candidates = candidatesOf(part, { dialect: reader.dialect, withTrash: Boolean(query.trashed) })
    const indexed = candidates && { candidates, condition }
    if (indexed) conditions.push(indexed)
    return { condition, indexed, isExact: areCandidatesExact(part) }
  })
  const without: RunScope['without'] = (named) => {
    const left = tests.filter(({ indexed, isExact }) => !(indexed && isExact && named.has(indexed)))
    return sql<SqlBool>`${sql.join([visible, ...left.map(({ condition }) => condition)], sql` and `)}`
  }
  return { visible, matches, conditions, places, filter, isNamed: tests.every(({ isExact }) => isExact), without }
}
