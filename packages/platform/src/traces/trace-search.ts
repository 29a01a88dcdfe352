import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import { type ColumnValue, type Dialect, encodeCursor, type Reader } from '../database/index.ts'
import { loadTraces } from './trace-loading.ts'
import { attributeColumns, columnNames, createTraceOrder, isBehind, orderBy, placeOf } from './trace-order.ts'
import type { TraceCondition, TraceOperator, TraceOverlapQuery, TraceQuery, TraceRecord } from './traces.ts'

type Condition = RawBuilder<SqlBool>

const defaultLimit = 100
const largestLimit = 50_000
const mostConditions = 100
const longestList = 10_000
const longestExpression = 1_000

/** See `Traces.search`. */
export async function searchTraces(reader: Reader, query: TraceQuery): Promise<{ traces: TraceRecord[]; next: string | null }> {
  const { limit = defaultLimit } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestLimit)
    throw new AppError('invalid_argument', `The limit must be a whole number from 1 to ${largestLimit}, not ${limit}.`)
  const order = createTraceOrder(query.sort)
  const names = columnNames(order)
  const selected = order.keys.map(({ expression }, at) => sql`${expression} as ${sql.ref(names[at]!)}`)
  const behind = query.cursor === undefined ? sql`1 = 1` : isBehind(order, placeOf(order, query.cursor))
  const where = conditionsOf(checkConditions(query.conditions ?? []), reader.dialect)
  where.unshift(isInExperiments(query.experimentIds, reader.dialect))
  const rows = await reader.arrays({
    compile: () =>
      sql`select number, ${sql.join(names.map((name) => sql.ref(name)))} from (select t.number as number, ${sql.join(selected)} from traces as t where ${sql.join(where, sql` and `)}) as matching where ${behind} order by ${orderBy(order, reader.dialect)} limit ${limit + 1}`.compile(
        reader.kysely,
      ),
  })
  const page = rows.slice(0, limit)
  const traces = await loadTraces(
    reader,
    page.map(([number]) => number as number),
  )
  const [, ...place] = page.at(-1) ?? []
  return { traces, next: rows.length > limit ? encodeCursor(order.signature, place) : null }
}

/** See `Traces.countOverlap`. */
export async function countOverlap(
  reader: Reader,
  { experimentIds, first, second, base = [] }: TraceOverlapQuery,
): Promise<{ first: number; second: number; both: number; total: number }> {
  const { dialect } = reader
  const [isFirst, isSecond, isBase] = [first, second, base].map(
    (conditions) => sql<SqlBool>`(${sql.join([sql`1 = 1`, ...conditionsOf(checkConditions(conditions), dialect)], sql` and `)})`,
  )
  // A condition that nothing is known of holds as little as one that does not hold.
  const flag = (condition: Condition | undefined) => sql`case when ${condition} then 1 else 0 end`
  const rows = await reader.arrays({
    compile: () =>
      sql`select sum(is_first), sum(is_second), sum(is_first * is_second), count(*) from (select ${flag(isFirst)} as is_first, ${flag(isSecond)} as is_second from traces as t where ${isInExperiments(experimentIds, dialect)} and ${isBase}) as traced`.compile(
        reader.kysely,
      ),
  })
  const [inFirst, inSecond, both, total] = (rows[0] ?? []).map((value) => Number(value ?? 0))
  return { first: inFirst ?? 0, second: inSecond ?? 0, both: both ?? 0, total: total ?? 0 }
}

export function isInExperiments(ids: readonly string[], dialect: Dialect): Condition {
  const numbers = ids.filter((id) => /^\d{1,15}$/.test(id)).map(Number)
  return sql`t.experiment in ${dialect.numberList(numbers)}`
}

function checkConditions(conditions: readonly TraceCondition[]): readonly TraceCondition[] {
  if (conditions.length > mostConditions)
    throw new AppError('invalid_argument', `The filter has more than ${mostConditions} conditions.`)
  for (const { operator, values } of conditions) {
    if (values.length > longestList)
      throw new AppError('invalid_argument', `The list behind 'in' has more than ${longestList} values.`)
    if (operator === 'matches' && String(values[0]).length > longestExpression)
      throw new AppError('invalid_argument', `The regular expression is longer than ${longestExpression} characters.`)
  }
  return conditions
}

export function conditionsOf(conditions: readonly TraceCondition[], dialect: Dialect): Condition[] {
  const onSpans: Condition[] = []
  const others: Condition[] = []
  for (const condition of conditions) {
    const { field } = condition
    if (field.scope === 'span' || field.scope === 'spanAttribute') onSpans.push(spanCondition(condition, dialect))
    else others.push(traceCondition(condition, dialect))
  }
  if (onSpans.length > 0)
    others.push(sql`exists (select 1 from trace_spans as s where s.trace = t.number and ${sql.join(onSpans, sql` and `)})`)
  return others
}

function spanCondition({ field, operator, values }: TraceCondition, dialect: Dialect): Condition {
  if (field.scope === 'spanAttribute')
    return compare(dialect.jsonMember(sql<string>`s.attributes`, field.name), operator, values, dialect)
  const columns: Record<string, RawBuilder<ColumnValue>> = {
    name: sql`s.name`,
    type: sql`s.type`,
    status: sql`s.status`,
    content: sql`(s.name || ' ' || s.attributes || ' ' || s.details)`,
  }
  return compare(columns[field.scope === 'span' ? field.name : '']!, operator, values, dialect)
}

function traceCondition({ field, operator, values }: TraceCondition, dialect: Dialect): Condition {
  switch (field.scope) {
    case 'attribute':
      return compare(attributeColumns[field.name], operator, values, dialect)
    case 'tag':
      return textCondition(sql`trace_tags where trace = t.number and key = ${field.name}`, operator, values, dialect)
    case 'metadata':
      return textCondition(sql`trace_metadata where trace = t.number and key = ${field.name}`, operator, values, dialect)
    case 'run':
      return sql`(exists (select 1 from trace_metadata where trace = t.number and key = 'mlflow.sourceRun' and value = ${values[0]}) or exists (select 1 from trace_runs as l join runs as r on r.number = l.run where l.trace = t.number and r.id = ${values[0]}))`
    case 'prompt':
      return sql`exists (select 1 from trace_prompts where trace = t.number and prompt = ${values[0]})`
    case 'issue':
      return sql`exists (select 1 from assessments where trace = t.number and kind = 'issue' and name = ${values[0]})`
    case 'feedback':
    case 'expectation':
      return assessmentCondition(field, operator, values, dialect)
    default:
      throw new AppError('internal', `The condition on ${field.scope} stands in the wrong place.`)
  }
}

function textCondition(
  from: RawBuilder<unknown>,
  operator: TraceOperator,
  values: TraceCondition['values'],
  dialect: Dialect,
): Condition {
  if (operator === 'is null') return sql`not exists (select 1 from ${from})`
  if (operator === 'is not null') return sql`exists (select 1 from ${from})`
  return sql`exists (select 1 from ${from} and ${compare(sql`value`, operator, values, dialect)})`
}

/** Values are compared as a user writes them: a text with or without the quotes of its JSON, a number as number. */
function assessmentCondition(
  field: { scope: string; name: string },
  operator: TraceOperator,
  values: TraceCondition['values'],
  dialect: Dialect,
): Condition {
  const from = sql`assessments where trace = t.number and kind = ${field.scope} and name = ${field.name} and is_valid = 1`
  const [value] = values
  switch (operator) {
    case '=':
    case '!=': {
      const spellings = sql.join([String(value), JSON.stringify(String(value))])
      return sql`exists (select 1 from ${from} and value ${sql.raw(operator === '=' ? 'in' : 'not in')} (${spellings}))`
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return sql`exists (select 1 from ${from} and ${compare(sql`number_value`, operator, values, dialect)})`
    default:
      return textCondition(from, operator, values, dialect)
  }
}

function compare(
  column: RawBuilder<ColumnValue>,
  operator: TraceOperator,
  values: TraceCondition['values'],
  dialect: Dialect,
): Condition {
  const text = column as RawBuilder<string | null>
  switch (operator) {
    case 'like':
      return dialect.like(text, String(values[0]))
    case 'ilike':
      return dialect.likeAnyCase(text, String(values[0]))
    case 'matches':
      return dialect.matches(text, String(values[0]))
    case 'in':
    case 'not in':
      return sql`${column} ${sql.raw(operator)} (${sql.join(values)})`
    case 'is null':
    case 'is not null':
      return sql`${column} ${sql.raw(operator)}`
    default:
      return sql`${column} ${sql.raw(operator)} ${values[0]}`
  }
}
