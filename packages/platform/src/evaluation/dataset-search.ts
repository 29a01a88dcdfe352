import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import { createKeySetOrder, type Dialect, type Reader, readKeySetPage } from '../database/index.ts'
import { loadDatasets } from './dataset-loading.ts'
import type { EvaluationDataset, EvaluationDatasetCondition, EvaluationDatasetQuery } from './evaluation.ts'

const mostConditions = 100

const columns = {
  name: sql<string>`d.name`,
  created: sql<number>`d.created_at`,
  updated: sql<number>`d.updated_at`,
  createdBy: sql<string>`d.created_by`,
  updatedBy: sql<string>`d.updated_by`,
  number: sql<number>`d.number`,
}

/** See `EvaluationDatasets.search`. */
export async function searchDatasets(
  reader: Reader,
  query: EvaluationDatasetQuery,
): Promise<{ datasets: EvaluationDataset[]; next: string | null }> {
  const { experimentIds, conditions = [], sort = [] } = query
  if (conditions.length > mostConditions)
    throw new AppError('invalid_argument', `The filter has more than ${mostConditions} conditions.`)
  const newestFirst = { field: 'created', direction: 'descending' } as const
  const order = createKeySetOrder(columns, sort.length > 0 ? sort : [newestFirst], [{ field: 'number', direction: 'descending' }])
  const where = conditions.map((condition) => compile(condition, reader.dialect))
  where.unshift(sql`d.project = (select number from projects where name = ${query.project})`)
  if (experimentIds !== undefined) {
    const experiments = experimentIds.filter((id) => /^\d{1,15}$/.test(id)).map(Number)
    where.push(
      sql`exists (select 1 from evaluation_dataset_experiments as e where e.dataset = d.number and e.experiment in ${reader.dialect.numberList(experiments)})`,
    )
  }
  const from = sql`evaluation_datasets as d where ${sql.join(where, sql` and `)}`
  const page = await readKeySetPage(reader, query, order, { number: columns.number, from })
  return { datasets: await loadDatasets(reader, page.numbers), next: page.next }
}

function compile(condition: EvaluationDatasetCondition, dialect: Dialect): RawBuilder<SqlBool> {
  const { field, operator, values } = condition
  if (field.scope === 'attribute') return compare(columns[field.name], operator, values, dialect)
  const holds = compare(sql<string>`t.value`, operator, values, dialect)
  return sql`exists (select 1 from evaluation_dataset_tags as t where t.dataset = d.number and t.key = ${field.name} and ${holds})`
}

function compare(
  column: RawBuilder<string | number>,
  operator: EvaluationDatasetCondition['operator'],
  values: readonly (string | number)[],
  dialect: Dialect,
): RawBuilder<SqlBool> {
  switch (operator) {
    case 'like':
      return dialect.like(sql<string>`${column}`, String(values[0]))
    case 'ilike':
      return dialect.likeAnyCase(sql<string>`${column}`, String(values[0]))
    case 'in':
      return sql`${column} in (${sql.join(values)})`
    default:
      return sql`${column} ${sql.raw(operator)} ${values[0]}`
  }
}
