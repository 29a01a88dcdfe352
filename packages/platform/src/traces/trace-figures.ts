import { AppError } from '@trainyard/contract'
import { type RawBuilder, sql } from 'kysely'
import type { ColumnValue, Dialect, Reader } from '../database/index.ts'
import { aggregate, type Weighted } from './figure-values.ts'
import { conditionsOf, isInExperiments } from './trace-search.ts'
import type { TraceDimension, TraceFigure, TraceFigureFilter, TraceFigureQuery, TraceMeasure } from './traces.ts'

type Column = RawBuilder<ColumnValue>

const defaultLimit = 1_000
const mostFilters = 100

/** See `Traces.figures`. */
export async function traceFigures(reader: Reader, query: TraceFigureQuery): Promise<TraceFigure[]> {
  const { measure, dimensions = [], filters = [], aggregations, limit = defaultLimit } = query
  if (filters.length > mostFilters) throw new AppError('invalid_argument', `There are more than ${mostFilters} filters.`)
  const { dialect } = reader
  const columns = dimensions.map((dimension) => dimensionColumn(measure, dimension, dialect))
  const bucket = query.intervalMs === undefined ? sql<number>`0` : bucketColumn(measure, query.intervalMs)
  const where = [
    isInExperiments(query.experimentIds, dialect),
    ...timeConditions(query),
    ...filters.map((filter) => filterCondition(filter, dialect)),
    ...columns.map((column) => sql`${column} is not null`),
  ]
  const names = columns.map((_, at) => sql.ref(`dimension${at}`))
  const selected = columns.map((column, at) => sql`${column} as ${names[at]}`)
  const groups = sql.join([sql.ref('bucket'), ...names, sql.ref('measured')])
  // One row for each value that occurs in a group: the counts of a million traces are a handful of rows.
  const rows = await reader.arrays({
    compile: () =>
      sql`select ${groups}, count(*) from (select ${sql.join([sql`${bucket} as bucket`, ...selected, sql`${valueColumn(measure, dialect)} as measured`])} from ${tablesOf(measure)} where ${sql.join(where, sql` and `)}) as found where measured is not null group by ${groups}`.compile(
        reader.kysely,
      ),
  })
  const found = new Map<string, { atMs: number; dimensions: string[]; values: Weighted[] }>()
  for (const row of rows) {
    const value = readValue(measure, row[row.length - 2]!)
    if (value === undefined) continue
    const atMs = Number(row[0])
    const named = row.slice(1, 1 + dimensions.length).map((text, at) => readDimension(dimensions[at]!, String(text)))
    const key = JSON.stringify([atMs, named])
    let group = found.get(key)
    if (!group) found.set(key, (group = { atMs, dimensions: named, values: [] }))
    group.values.push({ value, times: Number(row.at(-1)) })
  }
  // Without groups there is one, be it empty.
  if (found.size === 0 && dimensions.length === 0 && query.intervalMs === undefined)
    found.set('', { atMs: 0, dimensions: [], values: [] })
  return [...found.values()]
    .toSorted((left, right) => left.atMs - right.atMs || compareTexts(left.dimensions, right.dimensions))
    .slice(0, limit)
    .map((group) => ({
      atMs: query.intervalMs === undefined ? null : group.atMs,
      dimensions: group.dimensions,
      values: aggregate(measure.name === 'sessions' ? group.values.map(once) : group.values, aggregations),
    }))
}

/** A session counts once, however many traces it has. */
const once = ({ value }: Weighted): Weighted => ({ value, times: 1 })

function compareTexts(left: readonly string[], right: readonly string[]): number {
  for (const [at, text] of left.entries()) {
    const order = Buffer.compare(Buffer.from(text), Buffer.from(right[at] ?? ''))
    if (order !== 0) return order
  }
  return 0
}

const tablesOf = ({ of }: TraceMeasure): RawBuilder<unknown> => {
  if (of === 'spans') return sql`trace_spans as s join traces as t on t.number = s.trace`
  if (of === 'assessments') return sql`assessments as a join traces as t on t.number = a.trace and a.is_valid = 1`
  return sql`traces as t`
}

const ofTrace = (table: 'trace_tags' | 'trace_metadata', key: string): RawBuilder<string> =>
  sql`(select value from ${sql.table(table)} where trace = t.number and key = ${key})`

/** What is measured, as it lies in the database; `readValue` says what it means. */
function valueColumn(measure: TraceMeasure, dialect: Dialect): Column {
  if (measure.of === 'traces') {
    if (measure.name === 'sessions') return ofTrace('trace_metadata', 'mlflow.trace.session')
    if (measure.name === 'duration') return sql`t.duration`
    return measure.name === 'tokens' ? ofTrace('trace_metadata', 'mlflow.trace.tokenUsage') : sql`1`
  }
  if (measure.of === 'assessments') return measure.name === 'value' ? sql`a.value` : sql`1`
  if (measure.name === 'cost') return dialect.jsonMember(sql<string>`s.attributes`, 'mlflow.llm.cost')
  if (measure.name === 'count') return sql`1`
  const [start, end] = ['start', 'end'].map((key) => dialect.jsonMember(sql<string>`s.details`, key))
  return sql`(${start} || ' ' || ${end})`
}

/** Clients of MLflow write what a span is about as JSON. */
function readDimension(dimension: TraceDimension, text: string): string {
  if ((dimension !== 'model' && dimension !== 'provider') || !text.startsWith('"')) return text
  const value = parse(text)
  return typeof value === 'string' ? value : text
}

function readValue(measure: TraceMeasure, stored: ColumnValue): number | undefined {
  switch (measure.name) {
    case 'sessions':
      return 1
    case 'tokens': {
      const count = Number(memberOf(String(stored), measure.kind) ?? Number.NaN)
      return Number.isInteger(count) ? count : undefined
    }
    case 'cost': {
      const cost = Number(memberOf(String(stored), measure.kind) ?? Number.NaN)
      return Number.isFinite(cost) ? cost : undefined
    }
    case 'value':
      return assessedValue(String(stored))
    case 'duration': {
      if (typeof stored === 'number') return stored
      const [start = '', end = ''] = String(stored).split(' ')
      return /^-?\d+$/.test(start) && /^-?\d+$/.test(end) ? Number((BigInt(end) - BigInt(start)) / 1_000_000n) : undefined
    }
    default:
      return Number(stored)
  }
}

/** A member of a JSON object, which may stand in a text once more. */
function memberOf(json: string, key: string): string | number | undefined {
  const value = parse(json)
  const member = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof member === 'string' || typeof member === 'number' ? member : undefined
}

function assessedValue(json: string): number | undefined {
  const value = parse(json)
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return word === 'yes' ? 1 : word === 'no' ? 0 : undefined
}

function parse(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json)
    return value
  } catch {
    // A client may have written anything there; what is no JSON measures nothing.
    return undefined
  }
}

function dimensionColumn(measure: TraceMeasure, dimension: TraceDimension, dialect: Dialect): Column {
  const { of } = measure
  if (of === 'spans') {
    if (dimension === 'name') return sql`s.name`
    if (dimension === 'type') return sql`s.type`
    if (dimension === 'state') return sql`s.status`
    if (dimension === 'model') return dialect.jsonMember(sql<string>`s.attributes`, 'mlflow.llm.model')
    if (dimension === 'provider') return dialect.jsonMember(sql<string>`s.attributes`, 'mlflow.llm.provider')
  }
  if (of === 'traces' && dimension === 'name') return ofTrace('trace_tags', 'mlflow.traceName')
  if (of === 'traces' && dimension === 'state') return sql`t.state`
  if (of === 'assessments' && dimension === 'name') return sql`a.name`
  if (of === 'assessments' && dimension === 'value') return sql`a.value`
  throw new AppError('invalid_argument', `Figures of ${of} have no dimension '${dimension}'.`)
}

/** Spans keep their own time in microseconds. */
const countsOwnTime = ({ of, name }: TraceMeasure): boolean => of === 'spans' && name === 'cost'

function timeConditions({ measure, sinceMs, untilMs }: TraceFigureQuery): RawBuilder<unknown>[] {
  const own = countsOwnTime(measure)
  const column = own ? sql`s.started_at` : sql`t.started_at`
  const scale = own ? 1_000 : 1
  return [
    ...(sinceMs === undefined ? [] : [sql`${column} >= ${sinceMs * scale}`]),
    ...(untilMs === undefined ? [] : [sql`${column} < ${(untilMs + 1) * scale}`]),
  ]
}

function bucketColumn({ of }: TraceMeasure, intervalMs: number): RawBuilder<number> {
  const [column, scale] = of === 'spans' ? [sql`s.started_at`, 1_000] : [sql`t.started_at`, 1]
  const length = sql.lit(intervalMs * scale)
  // Rounded down on both sides of 1970; the remainder of a negative number is negative.
  return sql`(${column} - ((${column} % ${length}) + ${length}) % ${length}) / ${sql.lit(scale)}`
}

function filterCondition(filter: TraceFigureFilter, dialect: Dialect): RawBuilder<unknown> {
  if (filter.on === 'trace') return sql.join(conditionsOf([filter.condition], dialect), sql` and `)
  if (filter.on === 'span') return sql`${sql.ref(`s.${filter.field}`)} = ${filter.value}`
  return sql`${sql.ref(`a.${filter.field}`)} = ${filter.value}`
}
