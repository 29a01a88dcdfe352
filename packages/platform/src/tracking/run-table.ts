import type { JsonValue, RunField, RunKind, RunState, SweepSummary } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Database, Reader } from '../database/index.ts'
import { groupRuns, type RunGroups } from './run-groups.ts'
import { readGoals, readKeyNames, readKeySample, readValues } from './run-keys.ts'
import { latestMany } from './metric-records.ts'
import { nestedCount } from './run-loading.ts'
import { countRuns, orderRuns } from './run-search.ts'
import type { ChangeRecords, RunQuery } from './tracking.ts'

/** What a screen shows of a run: nothing bulky, and of its values only those that were asked for. */
export interface RunRow {
  /** The run's integer key: short, and in the order of recording. It never changes and is never given again. */
  number: number
  id: string
  name: string
  project: string
  experiment: string
  kind: RunKind
  parentId: string | null
  iteration: number
  state: RunState
  stateReason: string | null
  createdAtMs: number
  startedAtMs: number | null
  endedAtMs: number | null
  updatedAtMs: number
  owner: string
  host: string
  sweep: SweepSummary | null
  /** How many runs lie right below it, iterations not counted. */
  nestedCount: number
  /** In the order of the fields asked for; null where the run has none. Metrics may be NaN or infinite. */
  values: (JsonValue | null)[]
}

export type RunKeyScope = 'metrics' | 'params' | 'labels'

/** What some runs hold under one key. */
export interface RunKeyFacts {
  scope: RunKeyScope
  name: string
  /** Of the runs looked at. */
  runCount: number
  distinctCount: number
  /** The most points that one of the runs has of a metric; 0 for the others. */
  pointCount: number
  /** Of its numbers. */
  min: number | null
  max: number | null
}

/** What moves: asked for every second, so only what an index has at hand. */
export interface RunPulse {
  /** The integer key of the newest run; it grows with every run. */
  newestNumber: number
  /** Runs and iterations that have not ended. */
  unfinished: number
  /** Number of the newest change of any record. */
  change: number
}

export interface RunCounts {
  runs: number
  running: number
  failed: number
  sweeps: number
}

/** The first rows of a table. Whatever the pulse tells beyond its marks may be missing in them; nothing up to the marks is. */
export interface RunWindow extends Pick<RunPulse, 'newestNumber' | 'change'> {
  rows: RunRow[]
  total: number
}

/** Questions of screens that show very many runs: a window of a table, the columns there could be, what moved. */
export interface RunTable {
  /** The integer keys of all runs that match (at most `limit`, usually a million), in order: a table over them stays as it is while new runs arrive. */
  order(query: Omit<RunQuery, 'cursor'>): Promise<number[]>
  /** In the order of the keys; those of purged runs are left out. */
  rows(numbers: readonly number[], fields: readonly RunField[]): Promise<RunRow[]>
  /** What these runs hold, by key. */
  sample(numbers: readonly number[]): Promise<RunKeyFacts[]>
  /** Metrics that the sweeps among these runs, and those of the iterations among them, look for: the most frequent first. */
  goals(numbers: readonly number[]): Promise<string[]>
  /** Every key of the store, by name: 12,000 take a few milliseconds. */
  keys(): Promise<{ scope: RunKeyScope; name: string }[]>
  /** Distinct values of a field as texts, with the range of its numbers. */
  values(field: RunField, options: { limit: number }): Promise<{ values: string[]; min: number | null; max: number | null }>
  pulse(): Promise<RunPulse>
  /** `failed`: those made since then. */
  counts(options: { project?: string; failedSinceMs: number }): Promise<RunCounts>
  /** Runs by the value of one field, with what each group holds of some metrics. */
  groups(query: Omit<RunQuery, 'limit' | 'cursor' | 'sort'>, by: RunField, metrics: readonly RunField[]): Promise<RunGroups>
  /** The runs that a screen opens with, and how many match in all. */
  window(query: Omit<RunQuery, 'cursor'>, fields: readonly RunField[]): Promise<RunWindow>
}

export function createRunTable(database: Database, changes: Pick<ChangeRecords, 'latest'>): RunTable {
  return {
    order: ({ limit, ...query }) => orderRuns(database, query, limit),
    rows: (numbers, fields) => database.read((reader) => readRows(reader, numbers, fields)),
    sample: (numbers) => database.read((reader) => readKeySample(reader, numbers)),
    goals: (numbers) => database.read((reader) => readGoals(reader, numbers)),
    keys: () => database.read(readKeyNames),
    values: (field, { limit }) => database.read((reader) => readValues(reader, field, limit)),
    pulse: async () => ({ ...(await database.read(readPulse)), change: await changes.latest() }),
    groups: (query, by, metrics) => groupRuns(database, query, by, metrics),
    counts: (options) => database.read((reader) => readCounts(reader, options)),
    window: async ({ limit, ...query }, fields) => {
      // Before the rows are read, so that what comes in between is told as new.
      const [{ newestNumber }, change] = await Promise.all([database.read(readPulse), changes.latest()])
      const numbers = await orderRuns(database, query, limit)
      const rows = await database.read((reader) => readRows(reader, numbers, fields))
      return { rows, total: await countRuns(database, query), newestNumber, change }
    },
  }
}

async function readRows(reader: Reader, numbers: readonly number[], fields: readonly RunField[]): Promise<RunRow[]> {
  if (numbers.length === 0) return []
  const heads = await readHeads(reader, numbers)
  const found = [...heads.keys()]
  const wanted = (scope: RunField['scope']) => fields.some((field) => field.scope === scope)
  const results = wanted('metrics') || wanted('results') ? await latestMany(reader, found) : new Map<number, never>()
  const parameters = wanted('params') ? await readTexts(reader, 'parameters', found, fields) : new Map<number, never>()
  const labels = wanted('labels') ? await readTexts(reader, 'labels', found, fields) : new Map<number, never>()
  return numbers.flatMap((number) => {
    const head = heads.get(number)
    if (!head) return []
    const sources = { params: parameters, labels, metrics: results, results, attribute: new Map<number, never>() }
    const values = fields.map(({ scope, name }) => {
      const source: Record<string, JsonValue> | undefined = sources[scope].get(number)
      return source && Object.hasOwn(source, name) ? source[name]! : null
    })
    return [{ ...head, values }]
  })
}

async function readTexts(
  reader: Reader,
  table: 'parameters' | 'labels',
  numbers: readonly number[],
  fields: readonly RunField[],
): Promise<Map<number, Record<string, JsonValue>>> {
  const scope = table === 'labels' ? 'labels' : 'params'
  const names = fields.flatMap((field) => (field.scope === scope ? [field.name] : []))
  const { kysely, dialect } = reader
  const query = kysely
    .selectFrom(table)
    .select(['run', 'key', 'value'])
    .where('run', 'in', dialect.numberList(numbers))
    .where('key', 'in', [...new Set(names)])
  const found = new Map<number, Record<string, JsonValue>>()
  for (const [run, key, value] of await reader.arrays(query)) {
    const values = found.get(run as number) ?? (Object.create(null) as Record<string, JsonValue>)
    values[key as string] = table === 'labels' ? (value as string) : (JSON.parse(value as string) as JsonValue)
    found.set(run as number, values)
  }
  return found
}

async function readHeads({ kysely, dialect }: Reader, numbers: readonly number[]): Promise<Map<number, Omit<RunRow, 'values'>>> {
  const rows = await kysely
    .selectFrom('runs as r')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .innerJoin('experiments as e', 'e.number', 'r.experiment')
    .leftJoin('runs as parent', 'parent.number', 'r.parent')
    .selectAll('r')
    .select(['d.sweep', 'p.name as project_name', 'e.name as experiment_name', 'parent.id as parent_id', nestedCount])
    .where('r.number', 'in', dialect.numberList(numbers))
    .execute()
  return new Map(
    rows.map((row) => [
      row.number,
      {
        number: row.number,
        id: row.id,
        name: row.name,
        project: row.project_name,
        experiment: row.experiment_name,
        kind: row.kind as RunKind,
        parentId: row.parent_id,
        iteration: row.iteration,
        state: row.state as RunState,
        stateReason: row.state_reason,
        createdAtMs: row.created_at,
        startedAtMs: row.started_at,
        endedAtMs: row.ended_at,
        updatedAtMs: row.updated_at,
        owner: row.owner,
        host: row.host,
        sweep: row.sweep === null ? null : (JSON.parse(row.sweep) as SweepSummary),
        nestedCount: row.nested,
      },
    ]),
  )
}

async function readPulse(reader: Reader): Promise<Omit<RunPulse, 'change'>> {
  const [row] = await reader.arrays({
    compile: () =>
      sql`select (select max(number) from runs),
        (select count(*) from runs where state in ('pending', 'running', 'aborting'))`.compile(reader.kysely),
  })
  const [newestNumber, unfinished] = row!.map(Number)
  return { newestNumber: newestNumber!, unfinished: unfinished! }
}

/** 100,000 runs are counted in 10 ms. */
async function readCounts(reader: Reader, options: { project?: string; failedSinceMs: number }): Promise<RunCounts> {
  const { project, failedSinceMs } = options
  const inProject = project === undefined ? sql`1 = 1` : sql`project = (select number from projects where name = ${project})`
  const shown = sql`from runs where trashed_at is null and iteration = 0 and parent is null and ${inProject}`
  const unfinished = sql`state in ('pending', 'running', 'aborting')`
  const [row] = await reader.arrays({
    compile: () =>
      sql`select count(*), (select count(*) ${shown} and ${unfinished}),
        (select count(*) ${shown} and state = 'failed' and created_at >= ${failedSinceMs}),
        count(case when kind = 'sweep' then 1 end) ${shown}`.compile(reader.kysely),
  })
  const [runs, running, failed, sweeps] = row!.map(Number)
  return { runs: runs!, running: running!, failed: failed!, sweeps: sweeps! }
}
