import type { RunField } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { ColumnValue, Reader } from '../database/index.ts'
import { impliesNumber } from './run-candidates.ts'
import type { RunScope } from './run-scope.ts'
import { type RunOrder, type RunPosition, textWithoutNumber } from './run-sort.ts'

/** Steps through runs in the order of a search, straight from an index. It may name runs that do not match: the caller checks them. */
export interface RunWalk {
  /** At most `limit` more; fewer than asked for, even none, while `isDone` is false. */
  next(limit: number): Promise<RunPosition[]>
  readonly isDone: boolean
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
  const { field } = first
  if (field.scope === 'attribute') {
    if (field.name !== 'created') return undefined
    const from = sql`runs as r where ${scope.visible}`
    const stretch = { from, run: sql<number>`r.number`, column: sql<ColumnValue>`r.created_at`, at: 0 }
    return new IndexWalk(reader, order, [stretch], undefined, after)
  }
  const stretches = stretchesOf(field)
  if (!stretches) return undefined
  const rest =
    scope.filter && impliesNumber(scope.filter, field) ? undefined : { visible: scope.visible, present: presentOf(field) }
  return new IndexWalk(reader, order, stretches, rest, after)
}

function stretchesOf(field: RunField): Stretch[] | undefined {
  const run = sql<number>`run`
  const key = sql`key = ${field.name}`
  if (field.scope === 'metrics')
    return [{ from: sql`metric_series where ${key} and last_value is not null`, run, column: sql`last_value`, at: 0 }]
  if (field.scope === 'labels') return [{ from: sql`labels where ${key}`, run, column: sql`text`, at: 0 }]
  if (field.scope !== 'params') return undefined
  return [
    { from: sql`parameters where ${key} and number is not null`, run, column: sql`number`, at: 0 },
    { from: sql`parameters where ${key} and ${textWithoutNumber} is not null`, run, column: sql`text`, at: 1 },
  ]
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
  isDone = false

  constructor(
    reader: Reader,
    order: RunOrder,
    stretches: readonly Stretch[],
    rest: { visible: RawBuilder<SqlBool>; present: RawBuilder<{ n: number }> } | undefined,
    after: RunPosition | undefined,
  ) {
    this.#reader = reader
    this.#order = order
    this.#stretches = stretches
    this.#rest = rest
    this.#position = after
    const reached = after ? stretches.findIndex((stretch) => after.values[stretch.at] !== null) : 0
    this.#stretch = reached < 0 ? stretches.length : reached
  }

  next(limit: number): Promise<RunPosition[]> {
    const stretch = this.#stretches[this.#stretch]
    return stretch ? this.#nextOf(stretch, limit) : this.#nextOfRest(limit)
  }

  async #nextOf(stretch: Stretch, limit: number): Promise<RunPosition[]> {
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
    const found = rows.map(([number, sorted]) => ({
      number: number as number,
      values: this.#order.keys.map((_, key) => (key === at ? (sorted as string | number) : null)),
    }))
    this.#position = found.at(-1) ?? this.#position
    if (found.length < limit) {
      this.#stretch++
      this.#position = undefined
      this.isDone = this.#stretch >= this.#stretches.length && this.#rest === undefined
    }
    return found
  }

  async #nextOfRest(limit: number): Promise<RunPosition[]> {
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
    const values = this.#order.keys.map(() => null)
    const found = rows.map(([number]) => ({ number: number as number, values }))
    this.#position = found.at(-1) ?? this.#position
    this.isDone = found.length < limit
    return found.filter((position) => !this.#present!.has(position.number))
  }
}
