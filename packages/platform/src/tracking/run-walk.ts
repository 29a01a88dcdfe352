import type { RunField, RunSort } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { ColumnValue, Reader } from '../database/index.ts'
import { impliesNumber } from './run-candidates.ts'
import { flatten } from './run-filter-compiler.ts'
import type { RunScope } from './run-scope.ts'
import { type RunOrder, type RunPosition, textWithoutNumber } from './run-sort.ts'

/** Steps through runs in the order of a search, straight from an index. It may name runs that do not match: the caller checks them. */
export interface RunWalk {
  /** Those that pass `accept` of at most `limit` more; there may be none of them while `isDone` is false. */
  next(limit: number, accept: (number: number) => boolean): Promise<RunPosition[]>
  readonly isDone: boolean
  /** It meets no run that the scope does not show. */
  readonly isVisible: boolean
}

/** One stretch of an index: rows of one kind of value, in order. */
interface Stretch {
  /** Selects the run's key and the value, from a table whose own key of the run is `run`. */
  readonly from: RawBuilder<unknown>
  readonly run: RawBuilder<number>
  readonly column: RawBuilder<ColumnValue>
  /** Which of the order's keys the value is. */
  readonly at: number
}

/** Undefined when no index has the order. */
export function createWalk(
  reader: Reader,
  scope: RunScope,
  order: RunOrder,
  after: RunPosition | undefined,
): RunWalk | undefined {
  const [first] = order.sort
  if (order.sort.length !== 1 || !first) return undefined
  const { field, as } = first
  if (field.scope === 'attribute') {
    if (field.name !== 'created') return undefined
    const from = sql`runs as r where ${scope.visible}`
    const stretch = { from, run: sql<number>`r.number`, column: sql<ColumnValue>`r.created_at`, at: 0 }
    return new IndexWalk(reader, order, { stretches: [stretch], rest: undefined, isVisible: true }, after)
  }
  const stretches = stretchesOf(field, scope, as)
  if (!stretches) return undefined
  const rest =
    scope.filter && impliesNumber(scope.filter, field) ? undefined : { visible: scope.visible, present: presentOf(field) }
  return new IndexWalk(reader, order, { stretches, rest, isVisible: false }, after)
}

function stretchesOf(field: RunField, scope: RunScope, as: RunSort['as']): Stretch[] | undefined {
  const run = sql<number>`run`
  const key = sql`key = ${field.name}`
  if (field.scope === 'metrics')
    return [
      {
        from: sql`metric_series where ${key} and last_value is not null ${rangeOf(field, scope)}`,
        run,
        column: sql`last_value`,
        at: 0,
      },
    ]
  if (field.scope === 'labels') return [{ from: sql`labels where ${key}`, run, column: sql`text`, at: 0 }]
  if (field.scope !== 'params') return undefined
  if (as === 'text') return [{ from: sql`parameters where ${key} and value <> 'null'`, run, column: sql`text`, at: 0 }]
  return [
    { from: sql`parameters where ${key} and number is not null`, run, column: sql`number`, at: 0 },
    { from: sql`parameters where ${key} and ${textWithoutNumber} is not null`, run, column: sql`text`, at: 1 },
  ]
}

/** Conditions on the metric that is sorted by: the walk starts inside its range instead of checking all that lies before. */
function rangeOf(field: RunField, { filter }: RunScope): RawBuilder<unknown> {
  const conditions = (filter ? flatten(filter, 'and') : []).flatMap((part) => {
    if (part.type !== 'comparison' || part.field.scope !== field.scope || part.field.name !== field.name) return []
    if (typeof part.value !== 'number' || !['=', '<', '<=', '>', '>='].includes(part.operator)) return []
    return [sql`and last_value ${sql.raw(part.operator)} ${part.value}`]
  })
  return sql.join(conditions, sql` `)
}

/** The runs that the stretches of a field meet. */
function presentOf(field: RunField): RawBuilder<{ n: number }> {
  const key = sql`key = ${field.name}`
  if (field.scope === 'metrics') return sql`select run as n from metric_series where ${key} and last_value is not null`
  if (field.scope === 'labels') return sql`select run as n from labels where ${key}`
  // Two queries, so that the index alone answers for all but the texts that look like a missing value.
  return sql`select run as n from parameters where ${key} and text <> 'null' union all select run as n from parameters where ${key} and text = 'null' and value <> 'null'`
}

class IndexWalk implements RunWalk {
  readonly #reader: Reader
  readonly #order: RunOrder
  readonly #stretches: readonly Stretch[]
  /** Runs without a value, which come last; undefined when there are none to look for. */
  readonly #rest: { visible: RawBuilder<SqlBool>; present: RawBuilder<{ n: number }> } | undefined
  #present: Set<number> | undefined
  /** Index of the stretch; behind the last one come the runs without a value. */
  #stretch: number
  #position: RunPosition | undefined
  readonly isVisible: boolean
  isDone = false

  constructor(
    reader: Reader,
    order: RunOrder,
    {
      stretches,
      rest,
      isVisible,
    }: {
      stretches: readonly Stretch[]
      rest: { visible: RawBuilder<SqlBool>; present: RawBuilder<{ n: number }> } | undefined
      isVisible: boolean
    },
    after: RunPosition | undefined,
  ) {
    this.#reader = reader
    this.#order = order
    this.#stretches = stretches
    this.#rest = rest
    this.isVisible = isVisible
    this.#position = after
    const reached = after ? stretches.findIndex((stretch) => after.values[stretch.at] !== null) : 0
    this.#stretch = reached < 0 ? stretches.length : reached
  }

  async next(limit: number, accept: (number: number) => boolean): Promise<RunPosition[]> {
    const stretch = this.#stretches[this.#stretch]
    const rows = stretch ? await this.#nextOf(stretch, limit) : await this.#nextOfRest(limit)
    return rows.flatMap((row) => (accept(row[0] as number) ? [this.#toPosition(row, stretch)] : []))
  }

  #toPosition([number, value]: ColumnValue[], stretch: Stretch | undefined): RunPosition {
    const values = this.#order.keys.map((_, key) => (key === stretch?.at ? (value as string | number) : null))
    return { number: number as number, values }
  }

  async #nextOf(stretch: Stretch, limit: number): Promise<ColumnValue[][]> {
    const { run, column, at } = stretch
    const ascending = this.#order.keys[at]!.direction === 'asc'
    const value = this.#position?.values[at]
    // A row comparison is one range of the index; the other direction ties the newest first against the index's order.
    const behind =
      value === undefined || value === null
        ? sql`1 = 1`
        : ascending
          ? sql`${column} >= ${value} and (${column} > ${value} or ${run} < ${this.#position!.number})`
          : sql`(${column}, ${run}) < (${value}, ${this.#position!.number})`
    const rows = await this.#reader.arrays({
      compile: () =>
        sql`select ${run}, ${column} from ${stretch.from} and ${behind} order by ${column} ${sql.raw(ascending ? 'asc' : 'desc')}, ${run} desc limit ${limit}`.compile(
          this.#reader.kysely,
        ),
    })
    const last = rows.at(-1)
    if (last) this.#position = this.#toPosition(last, stretch)
    if (rows.length < limit) {
      this.#stretch++
      this.#position = undefined
      this.isDone = this.#stretch >= this.#stretches.length && this.#rest === undefined
    }
    return rows
  }

  async #nextOfRest(limit: number): Promise<ColumnValue[][]> {
    const rest = this.#rest
    if (!rest) {
      this.isDone = true
      return []
    }
    this.#present ??= new Set(await this.#reader.integers({ compile: () => rest.present.compile(this.#reader.kysely) }))
    const behind = this.#position ? sql`r.number < ${this.#position.number}` : sql`1 = 1`
    const rows = await this.#reader.arrays({
      compile: () =>
        sql`select r.number from runs as r where ${rest.visible} and ${behind} order by r.number desc limit ${limit}`.compile(
          this.#reader.kysely,
        ),
    })
    const last = rows.at(-1)
    if (last) this.#position = this.#toPosition(last, undefined)
    this.isDone = rows.length < limit
    return rows.filter(([number]) => !this.#present!.has(number as number))
  }
}
