import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { ColumnValue, Dialect, Reader } from '../database/index.ts'
import { decodeCursor, encodeCursor, isBehind, orderBy, type RunOrder } from './run-sort.ts'
import type { ExperimentAttribute, ExperimentCondition, ExperimentQuery, ExperimentRecord, ExperimentSort } from './tracking.ts'

const columns: Record<ExperimentAttribute, RawBuilder<ColumnValue>> = {
  id: sql`e.number`,
  name: sql`e.name`,
  created: sql`e.created_at`,
  updated: sql`coalesce(e.updated_at, e.created_at)`,
}

/** Ties of the default order go to the older one, those of any other to the newer one. */
const newestFirst: readonly ExperimentSort[] = [
  { field: 'created', direction: 'descending' },
  { field: 'id', direction: 'ascending' },
]

function createOrder(sort: readonly ExperimentSort[] = []): RunOrder {
  const chosen = sort.length === 0 ? newestFirst : sort
  if (chosen.length > 8) throw new AppError('invalid_argument', 'At most 8 fields can be sorted by.')
  return {
    sort: [],
    keys: chosen.map(({ field, direction }) => ({
      expression: columns[field],
      direction: direction === 'ascending' ? 'asc' : 'desc',
    })),
    signature: `experiments ${chosen.map(({ field, direction }) => `${direction === 'ascending' ? '+' : '-'}${field}`).join(' ')}`,
  }
}

export async function searchExperiments(
  reader: Reader,
  query: ExperimentQuery,
  load: (reader: Reader, numbers: readonly number[]) => Promise<ExperimentRecord[]>,
): Promise<{ experiments: ExperimentRecord[]; next: string | null }> {
  const { limit = 100 } = query
  const order = createOrder(query.sort)
  const after = query.cursor === undefined ? undefined : decodeCursor(order, query.cursor)
  const names = order.keys.map((_, at) => `key${at}`)
  const selected = order.keys.map((key, at) => sql`${key.expression} as ${sql.ref(names[at]!)}`)
  const conditions = [sql<SqlBool>`p.name = ${query.project}`]
  if (query.trashed !== 'either') conditions.push(query.trashed ? sql`e.trashed_at is not null` : sql`e.trashed_at is null`)
  for (const condition of query.conditions ?? []) conditions.push(compile(condition, reader.dialect))
  const behind = after ? isBehind(order.keys, names, after) : sql`1 = 1`
  const rows = await reader.arrays({
    compile: () =>
      sql`select number, ${sql.join(names.map((name) => sql.ref(name)))} from (select e.number as number, ${sql.join(selected)} from experiments as e join projects as p on p.number = e.project where ${sql.join(conditions, sql` and `)}) as matching where ${behind} order by ${orderBy(order.keys, names, reader.dialect)} limit ${limit + 1}`.compile(
        reader.kysely,
      ),
  })
  const page = rows.slice(0, limit)
  const experiments = await load(
    reader,
    page.map(([number]) => number as number),
  )
  const last = page.at(-1)
  if (rows.length <= limit || !last) return { experiments, next: null }
  const [number, ...values] = last as [number, ...(string | number | null)[]]
  return { experiments, next: encodeCursor(order, { number, values }) }
}

function compile({ field, operator, value }: ExperimentCondition, dialect: Dialect): RawBuilder<SqlBool> {
  if (field.scope === 'attribute') return compare(columns[field.name], operator, value, dialect)
  const condition = compare(sql`value`, operator, value, dialect)
  return sql`((select ${condition} from experiment_tags where experiment = e.number and key = ${field.name}) is true)`
}

function compare(
  column: RawBuilder<ColumnValue>,
  operator: ExperimentCondition['operator'],
  value: string | number,
  dialect: Dialect,
): RawBuilder<SqlBool> {
  const text = column as RawBuilder<string | null>
  if (operator === 'like') return dialect.like(text, String(value))
  if (operator === 'ilike') return dialect.likeAnyCase(text, String(value))
  return sql`${column} ${sql.raw(operator)} ${value}`
}
