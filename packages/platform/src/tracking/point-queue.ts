import { AppError } from '@trainyard/contract'
import type { ColumnValue, CompilableQuery, Database, Reader, Transaction } from '../database/index.ts'
import { type Arrival, addArrivals, settleAll } from './metric-arrivals.ts'
import type { PointBuffer } from './metric-segment.ts'

/** A read settles what has arrived at any time; without one it happens at this many points, about 10 ms of work... */
const settleAfterPoints = 50_000
/** ... or when nothing more came for this long. */
const settleAfterMs = 1_000

interface Waiting {
  readonly runId: string
  readonly points: readonly PointBuffer[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * The way in for reported points, the busiest of all: requests that come while the disk is busy with those before are stored by one
 * operation, with one query for their runs and one row for their points. What is left per request is a promise and an entry in a list.
 */
export class PointQueue {
  readonly #database: Database
  #waiting: Waiting[] = []
  #isAsked = false
  #unsettled = 0
  #timer: NodeJS.Timeout | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** Resolves when the points are durable. `not_found` and `failed_precondition` as for every write to a run. */
  add(runId: string, points: readonly PointBuffer[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ runId, points, resolve, reject })
      if (this.#isAsked) return
      this.#isAsked = true
      void this.#store()
    })
  }

  async #store(): Promise<void> {
    let burst: Waiting[] | undefined
    const take = (): Waiting[] => {
      this.#isAsked = false
      return this.#waiting.splice(0)
    }
    try {
      const refused = await this.#database.write((transaction) => storeBurst(transaction, (burst = take())))
      for (const { resolve, reject, runId } of burst!) {
        const refusal = refused.get(runId)
        if (refusal) reject(refusal)
        else resolve()
      }
      this.#settleLater(burst!)
    } catch (error) {
      for (const { reject } of burst ?? take()) reject(error)
    }
  }

  #settleLater(burst: readonly Waiting[]): void {
    for (const { points } of burst) for (const { count } of points) this.#unsettled += count
    if (this.#unsettled >= settleAfterPoints) void this.#settle()
    else if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => void this.#settle(), settleAfterMs).unref()
  }

  async #settle(): Promise<void> {
    this.#unsettled = 0
    // What fails here (a full disk, a closed database) loses nothing: the points stay where they are, and the next read tells.
    await settleAll(this.#database).catch(() => undefined)
  }
}

/** Stores what may be stored and says which runs are not to be written to. */
async function storeBurst(transaction: Transaction, burst: readonly Waiting[]): Promise<Map<string, AppError>> {
  const runs = await findRuns(transaction, [...new Set(burst.map(({ runId }) => runId))])
  const refused = new Map<string, AppError>()
  const arrivals: Arrival[] = []
  for (const { runId, points } of burst) {
    const run = runs.get(runId)
    const refusal = refusalOf(runId, run)
    if (refusal) refused.set(runId, refusal)
    else arrivals.push({ run: run![0] as number, points })
  }
  await addArrivals(transaction, arrivals)
  return refused
}

/** Number and time in the trash of a run, by its id. */
export type RunRow = readonly [number: ColumnValue, trashedAt: ColumnValue]

/** Why nothing may be logged to a run: there is none, or it is in the trash. */
export function refusalOf(runId: string, row: RunRow | undefined): AppError | undefined {
  if (!row) return new AppError('not_found', `There is no run ${runId}.`, { details: { runId } })
  if (row[1] === null) return undefined
  return new AppError('failed_precondition', `Run ${runId} is in the trash; restore it before you log to it.`, {
    details: { runId, trashed: true },
  })
}

/** By dialect and number of ids; building one costs more than running it. */
const queries = new Map<string, string>()

export async function findRuns(reader: Reader, ids: readonly string[]): Promise<Map<string, RunRow>> {
  const padded = [...ids]
  while (padded.length < 2 ** Math.ceil(Math.log2(ids.length))) padded.push(ids[0]!)
  const name = `${reader.dialect.name} ${padded.length}`
  let sql = queries.get(name)
  if (sql === undefined) {
    const query = reader.kysely.selectFrom('runs').select(['id', 'number', 'trashed_at']).where('id', 'in', padded)
    sql = query.compile().sql
    queries.set(name, sql)
  }
  const query: CompilableQuery = { compile: () => ({ sql, parameters: padded }) }
  const rows = await reader.arrays(query)
  return new Map(rows.map(([id, number, trashedAt]) => [id as string, [number!, trashedAt!]]))
}
