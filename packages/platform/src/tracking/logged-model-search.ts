import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { ColumnValue, Dialect, Reader } from '../database/index.ts'
import { decodeCursor, encodeCursor, isBehind, orderBy, type RunOrder } from './run-sort.ts'
import type { LoggedModelCondition, LoggedModelQuery, LoggedModelRecord, LoggedModelSort } from './tracking.ts'

const columns = {
  id: sql<ColumnValue>`m.id`,
  name: sql<ColumnValue>`m.name`,
  type: sql<ColumnValue>`m.type`,
  status: sql<ColumnValue>`m.status`,
  sourceRun: sql<ColumnValue>`(select id from runs where number = m.source_run)`,
  created: sql<ColumnValue>`m.created_at`,
  updated: sql<ColumnValue>`m.updated_at`,
}

const newestFirst: LoggedModelSort = { field: { scope: 'attribute', name: 'created' }, direction: 'descending' }

function createOrder(sort: readonly LoggedModelSort[] = []): RunOrder {
  const chosen = [...sort, newestFirst]
  if (chosen.length > 8) throw new AppError('invalid_argument', 'At most 7 fields can be sorted by.')
  return {
    sort: [],
    keys: chosen.map((each) => ({
      expression: each.field.scope === 'attribute' ? columns[each.field.name] : latestMetric(each.field.name, each.dataset),
      direction: each.direction === 'ascending' ? 'asc' : 'desc',
    })),
    signature: `models ${JSON.stringify(chosen)}`,
  }
}

function latestMetric(key: string, dataset: LoggedModelSort['dataset']): RawBuilder<ColumnValue> {
  const named = dataset?.name === undefined ? sql`` : sql`and dataset_name = ${dataset.name}`
  const digest = dataset?.digest === undefined ? sql`` : sql`and dataset_digest = ${dataset.digest}`
  return sql`(select value from logged_model_metrics where model = m.number and key = ${key} ${named} ${digest} order by time desc, step desc limit 1)`
}

export async function searchLoggedModels(
  reader: Reader,
  query: LoggedModelQuery,
  load: (reader: Reader, numbers: readonly number[]) => Promise<LoggedModelRecord[]>,
): Promise<{ models: LoggedModelRecord[]; next: string | null }> {
  const { limit = 100 } = query
  const order = createOrder(query.sort)
  const after = query.cursor === undefined ? undefined : decodeCursor(order, query.cursor)
  const names = order.keys.map((_, at) => `key${at}`)
  const selected = order.keys.map((key, at) => sql`${key.expression} as ${sql.ref(names[at]!)}`)
  const experiments = reader.dialect.numberList(query.experimentIds.map(Number))
  const conditions = [sql<SqlBool>`m.trashed_at is null and m.experiment in ${experiments}`]
  for (const condition of query.conditions ?? []) conditions.push(compile(condition, query, reader.dialect))
  const behind = after ? isBehind(order.keys, names, after) : sql`1 = 1`
  const rows = await reader.arrays({
    compile: () =>
      sql`select number, ${sql.join(names.map((name) => sql.ref(name)))} from (select m.number as number, ${sql.join(selected)} from logged_models as m where ${sql.join(conditions, sql` and `)}) as matching where ${behind} order by ${orderBy(order.keys, names, reader.dialect)} limit ${limit + 1}`.compile(
        reader.kysely,
      ),
  })
  const page = rows.slice(0, limit)
  const models = await load(
    reader,
    page.map(([number]) => number as number),
  )
  const last = page.at(-1)
  if (rows.length <= limit || !last) return { models, next: null }
  const [number, ...values] = last as [number, ...(string | number | null)[]]
  return { models, next: encodeCursor(order, { number, values }) }
}

function compile(condition: LoggedModelCondition, query: LoggedModelQuery, dialect: Dialect): RawBuilder<SqlBool> {
  const { field } = condition
  const value = sql<ColumnValue>`value`
  switch (field.scope) {
    case 'attribute':
      return sql`(${compare(columns[field.name], condition, dialect)}) is true`
    case 'metric':
      return sql`exists (select 1 from logged_model_metrics where model = m.number and key = ${field.name} and ${onDatasets(query)} and ${compare(value, condition, dialect)})`
    default: {
      const table = sql.raw(field.scope === 'tag' ? 'logged_model_tags' : 'logged_model_params')
      return sql`exists (select 1 from ${table} where model = m.number and key = ${field.name} and ${compare(value, condition, dialect)})`
    }
  }
}

function onDatasets({ datasets = [] }: LoggedModelQuery): RawBuilder<SqlBool> {
  if (datasets.length === 0) return sql`1 = 1`
  const each = datasets.map(({ name, digest }) =>
    digest === undefined ? sql`dataset_name = ${name}` : sql`(dataset_name = ${name} and dataset_digest = ${digest})`,
  )
  return sql`(${sql.join(each, sql` or `)})`
}

function compare(
  column: RawBuilder<ColumnValue>,
  { operator, values }: LoggedModelCondition,
  dialect: Dialect,
): RawBuilder<SqlBool> {
  const text = column as RawBuilder<string | null>
  if (operator === 'like') return dialect.like(text, String(values[0]))
  if (operator === 'ilike') return dialect.likeAnyCase(text, String(values[0]))
  if (operator === 'in' || operator === 'not in') return sql`${column} ${sql.raw(operator)} (${sql.join(values)})`
  return sql`${column} ${sql.raw(operator)} ${values[0]}`
}
