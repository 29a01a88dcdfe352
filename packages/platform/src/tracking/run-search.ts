import { AppError } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Database, Reader } from '../database/index.ts'
import type { Candidates } from './run-candidates.ts'
import { createRunScope, type IndexedCondition, type RunScope } from './run-scope.ts'
import { createRunOrder, decodeCursor, encodeCursor, isBehind, orderBy, type RunOrder, type RunPosition } from './run-sort.ts'
import { createWalk, type RunWalk } from './run-walk.ts'
import type { RunQuery } from './tracking.ts'

const defaultLimit = 100
const largestLimit = 10_000

/**
 * How a page is found. The database has no idea how many runs a condition leaves (SQLite without statistics guesses, and guessed
 * 40 s for a search of 100,000 runs), so the way is chosen here, by counting a little first:
 *
 * - Conditions that leave few runs name them, and what those conditions do not say of them is checked: 2,000 cost about 8 ms.
 * - Otherwise runs are taken in the order asked for from its index, and checked, until the page is full. Conditions that each leave
 *   many but together leave few would make that walk long; as soon as it looks so, the keys of one condition after the other are
 *   fetched (100,000 in 10 ms, a tenth of checking them) and only runs in all of them are checked.
 */
const fewRuns = 2_000
/** Asked for so many runs, a walk would check more than it takes to fetch all keys. */
const manyRuns = 6_000
/** What checking one run costs, in keys fetched: 4 µs against 0.13 µs. */
const keysPerCheck = 30
/** The same of the part of a check that one condition is: 1.3 µs. */
const keysPerCondition = 10
/** Too few to judge a walk by would make it guess. */
const smallestBatch = 100

/** @param load makes a page of the integer keys found, in their order. */
export async function searchRuns<Run>(
  database: Database,
  query: RunQuery,
  load: (reader: Reader, numbers: readonly number[]) => Promise<Run[]>,
): Promise<{ runs: Run[]; next: string | null }> {
  const { limit = defaultLimit } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestLimit)
    throw new AppError('invalid_argument', `The limit must be a whole number from 1 to ${largestLimit}, not ${limit}.`)
  const order = createRunOrder(query.sort)
  const after = query.cursor === undefined ? undefined : decodeCursor(order, query.cursor)
  return database.read(async (reader) => {
    const scope = await createRunScope(reader, query)
    const found = scope ? await findPage(reader, scope, { order, after, limit: limit + 1 }) : []
    const page = found.slice(0, limit)
    const runs = await load(
      reader,
      page.map((position) => position.number),
    )
    return { runs, next: found.length > limit ? encodeCursor(order, page.at(-1)!) : null }
  })
}

/** More than a screen can mean; a table over a million runs keeps its first million. */
const largestOrder = 1_000_000

/** The integer keys of all runs that match, in order. */
export const orderRuns = (
  database: Database,
  query: Omit<RunQuery, 'limit' | 'cursor'>,
  limit = largestOrder,
): Promise<number[]> =>
  database.read(async (reader) => {
    const scope = await createRunScope(reader, query)
    if (!scope) return []
    const order = createRunOrder(query.sort)
    const found = await findPage(reader, scope, { order, after: undefined, limit })
    return found.map((position) => position.number)
  })

export async function countRuns(
  database: Database,
  query: Pick<RunQuery, 'filter' | 'project' | 'trashed' | 'iterations'>,
): Promise<number> {
  return database.read(async (reader) => {
    const scope = await createRunScope(reader, query)
    if (!scope) return 0
    const few = await findFew(reader, scope.conditions)
    let [within, test] = [sql`1 = 1`, scope.matches]
    if (few) {
      within = sql`r.number in ${reader.dialect.numberList(few.numbers)}`
      test = scope.without(few.named)
    } else if (scope.filter && scope.conditions.length > 0) {
      const keys = new RunKeys()
      for (const { candidates } of scope.conditions) await keys.intersect(reader, candidates)
      within = sql`r.number in ${reader.dialect.numberList(keys.toArray())}`
      if (scope.isNamed) test = scope.visible
    }
    const [row] = await reader.arrays({
      compile: () => sql`select count(*) from runs as r where ${test} and ${within}`.compile(reader.kysely),
    })
    return row![0] as number
  })
}

interface Page {
  order: RunOrder
  after: RunPosition | undefined
  limit: number
}

async function findPage(reader: Reader, scope: RunScope, page: Page): Promise<RunPosition[]> {
  const listOf = (numbers: readonly number[]) => reader.dialect.numberList(numbers)
  const few = await findFew(reader, scope.conditions)
  if (few) return await sortWithin(reader, scope.without(few.named), page, listOf(few.numbers))
  const walk = createWalk(reader, scope, page.order, page.after)
  if (walk) {
    // One that meets runs of everywhere would check all before it has a page of a small experiment.
    const ofPlaces = walk.isVisible ? undefined : await findFew(reader, scope.places)
    if (ofPlaces) return await sortWithin(reader, scope.matches, page, listOf(ofPlaces.numbers))
    return await walkPage(reader, scope, page, { walk, remaining: [...scope.conditions] })
  }
  if (scope.conditions.length === 0) return await sortWithin(reader, scope.matches, page, undefined)
  const keys = new RunKeys()
  for (const { candidates } of scope.conditions) await keys.intersect(reader, candidates)
  return await sortWithin(reader, scope.matches, page, listOf(keys.toArray()))
}

/**
 * The runs that conditions leaving few of them name together, and which conditions those are; undefined when each leaves many. Keys
 * are fetched up to a bound, which takes a quarter of a millisecond to reach, and once there are few, only as many as cost less than
 * asking each of those runs.
 */
async function findFew(
  reader: Reader,
  conditions: readonly IndexedCondition[],
): Promise<{ numbers: readonly number[]; named: ReadonlySet<IndexedCondition> } | undefined> {
  const named = new Set<IndexedCondition>()
  let numbers: readonly number[] | undefined
  for (const condition of conditions) {
    const bound = numbers ? Math.min(fewRuns, numbers.length * keysPerCondition) : fewRuns
    const query = sql`select n from (${condition.candidates}) as candidates limit ${bound}`
    const found = await reader.integers({ compile: () => query.compile(reader.kysely) })
    if (found.length >= bound) continue
    const keys = new Set(found)
    numbers = numbers ? numbers.filter((number) => keys.has(number)) : [...keys]
    named.add(condition)
  }
  return numbers && { numbers, named }
}

/** Checks and sorts all runs of a list (of all, without one). */
async function sortWithin(
  reader: Reader,
  test: RunScope['matches'],
  { order, after, limit }: Page,
  list: ReturnType<typeof sql> | undefined,
): Promise<RunPosition[]> {
  const names = order.keys.map((_, at) => `key${at}`)
  const columns = order.keys.map((key, at) => sql`${key.expression} as ${sql.ref(names[at]!)}`)
  const within = list ? sql`r.number in ${list}` : sql`1 = 1`
  const behind = after ? isBehind(order.keys, names, after) : sql`1 = 1`
  const rows = await reader.arrays({
    compile: () =>
      sql`select number, ${sql.join(names.map((name) => sql.ref(name)))} from (select r.number as number, ${sql.join(columns)} from runs as r where ${within} and ${test}) as matching where ${behind} order by ${orderBy(order.keys, names, reader.dialect)} limit ${limit}`.compile(
        reader.kysely,
      ),
  })
  return rows.map(([number, ...values]) => ({ number: number as number, values: values as RunPosition['values'] }))
}

async function walkPage(
  reader: Reader,
  scope: RunScope,
  page: Page,
  { walk, remaining }: { walk: RunWalk; remaining: IndexedCondition[] },
): Promise<RunPosition[]> {
  const found: RunPosition[] = []
  const keys = new RunKeys()
  // Checked and found since the conditions whose keys are known were last added to.
  let trial = { checked: 0, found: 0 }
  let ranked: { condition: IndexedCondition; share: number }[] | undefined
  let runCount = 0
  // Very many are asked for: fetching all keys is cheaper than checking as many runs.
  if (scope.filter && scope.isNamed && page.limit > manyRuns) {
    for (const { candidates } of remaining) await keys.intersect(reader, candidates)
    ranked = []
  }
  for (
    let batch = Math.max(page.limit, smallestBatch);
    !walk.isDone && found.length < page.limit;
    batch = Math.min(batch * 2, 8_000)
  ) {
    const positions = await walk.next(scope.filter ? batch : page.limit, (number) => keys.has(number))
    const isNamed = scope.isNamed && (!scope.filter || ranked?.length === 0)
    const matching =
      isNamed && walk.isVisible ? positions : await keepMatching(reader, isNamed ? scope.visible : scope.matches, positions)
    found.push(...matching)
    trial = { checked: trial.checked + positions.length, found: trial.found + matching.length }
    const toCheck = ((page.limit - found.length) / Math.max(trial.found, 0.5)) * trial.checked
    if (remaining.length === 0 || toCheck < smallestBatch || positions.length === 0) continue
    if (!ranked) {
      ranked = await rankBySample(reader, remaining, positions)
      runCount = await countEver(reader)
    }
    const [next] = ranked
    if (!next || toCheck * (1 - next.share) * keysPerCheck < next.share * runCount) continue
    ranked.shift()
    await keys.intersect(reader, next.condition.candidates)
    trial = { checked: 0, found: 0 }
    if (keys.size < fewRuns) return await sortWithin(reader, scope.matches, page, reader.dialect.numberList(keys.toArray()))
  }
  return found.slice(0, page.limit)
}

/** The conditions with the share of a sample that fulfils them, least first. */
async function rankBySample(reader: Reader, conditions: readonly IndexedCondition[], sample: readonly RunPosition[]) {
  const list = reader.dialect.numberList(sample.map((position) => position.number))
  const sums = conditions.map(({ condition }) => sql`sum(case when ${condition} then 1 else 0 end)`)
  const [row] = await reader.arrays({
    compile: () => sql`select ${sql.join(sums)} from runs as r where r.number in ${list}`.compile(reader.kysely),
  })
  const ranked = conditions.map((condition, at) => ({ condition, share: Number(row![at]) / sample.length }))
  return ranked.sort((left, right) => left.share - right.share)
}

/** No fewer than there are, known without counting. */
async function countEver(reader: Reader): Promise<number> {
  const [row] = await reader.arrays(reader.kysely.selectFrom('runs').select(({ fn }) => fn.max('number').as('last')))
  return Number(row![0] ?? 0)
}

async function keepMatching(
  reader: Reader,
  test: RunScope['matches'],
  positions: readonly RunPosition[],
): Promise<RunPosition[]> {
  if (positions.length === 0) return []
  const list = reader.dialect.numberList(positions.map((position) => position.number))
  const rows = await reader.arrays({
    compile: () => sql`select r.number from runs as r where r.number in ${list} and ${test}`.compile(reader.kysely),
  })
  const matching = new Set(rows.map(([number]) => number))
  return positions.filter((position) => matching.has(position.number))
}

/** Keys of runs that fulfil every condition looked at so far, as marks in a row: as quick to fill as to ask. */
class RunKeys {
  #marks: Uint8Array | undefined
  size = Number.POSITIVE_INFINITY

  has(key: number): boolean {
    return this.#marks === undefined || this.#marks[key] === 1
  }

  toArray(): number[] {
    const keys: number[] = []
    const marks = this.#marks ?? []
    for (let key = 0; key < marks.length; key++) if (marks[key] === 1) keys.push(key)
    return keys
  }

  async intersect(reader: Reader, candidates: Candidates): Promise<void> {
    const keys = await reader.integers({ compile: () => candidates.compile(reader.kysely) })
    let largest = 0
    for (const key of keys) if (key > largest) largest = key
    const marks = new Uint8Array(largest + 1)
    let size = 0
    for (const key of keys) {
      if (marks[key] === 1 || !this.has(key)) continue
      marks[key] = 1
      size++
    }
    this.#marks = marks
    this.size = size
  }
}
