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
  readonly filter: RunFilter | undefined
  /** Runs that all `conditions` name match the filter: only whether they are visible is left to ask. */
  readonly isNamed: boolean
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
  /** Those that leave many runs come last. */
  const broad: IndexedCondition[] = []
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
      broad.push({
        condition,
        candidates: sql`select number as n from runs where project = ${project.number} and trashed_at is null`,
      })
  }
  if (query.experimentIds) {
    const list = reader.dialect.numberList(query.experimentIds.map(Number))
    const condition = sql<SqlBool>`r.experiment in ${list}`
    parts.push(condition)
    broad.push({ condition, candidates: sql`select number as n from runs where experiment in ${list}` })
  }
  for (const each of query.dataset ?? []) {
    const { holds, candidates } = datasetCondition(each, reader.dialect)
    parts.push(holds)
    conditions.push({ condition: holds, candidates })
  }
  const visible = sql<SqlBool>`${sql.join(parts, sql` and `)}`
  const { filter } = query
  if (!filter) return { visible, matches: visible, conditions, filter, isNamed: true }
  const matches = sql<SqlBool>`${visible} and ${compileRunFilter(filter, reader.dialect)}`
  const filterParts = flatten(filter, 'and')
  for (const part of filterParts) {
    const found = candidatesOf(part, { dialect: reader.dialect, withTrash: Boolean(query.trashed) })
    if (found) conditions.push({ candidates: found, condition: compileRunFilter(part, reader.dialect) })
  }
  return { visible, matches, conditions, filter, isNamed: filterParts.every(areCandidatesExact) }
}
