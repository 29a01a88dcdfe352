import type { JournalInput, JsonValue, RunKind, RunRecord, RunState } from '@trainyard/contract'
import { sql } from 'kysely'
import { type ColumnValue, numberListQuery, type Reader, type TableName } from '../database/index.ts'
import { latestPoints } from './metric-ingest.ts'
import { latestMany } from './metric-records.ts'

interface LoadedRuns {
  /** In the order of their integer keys given; keys without a run are left out. */
  readonly runs: readonly { readonly number: number; readonly experiment: number; readonly record: RunRecord }[]
  /** As `latestPoints` has them. */
  readonly points: Awaited<ReturnType<typeof latestPoints>>
}

/** The records of these runs, in the order of their integer keys given; keys without a run are left out. */
export async function loadRuns(reader: Reader, numbers: readonly number[]): Promise<RunRecord[]> {
  const { runs } = await loadWithPoints(reader, numbers)
  return runs.map(({ record }) => record)
}

/**
 * A constant number of queries, whatever the number of runs. Everything is asked for at once: a database behind a socket gets it in
 * one go.
 */
export async function loadWithPoints(reader: Reader, numbers: readonly number[]): Promise<LoadedRuns> {
  const points = latestPoints(reader, numbers)
  const [heads, latest, results, parameters, labels, inputs] = await Promise.all([
    reader.arrays(headsQuery(reader, numbers)),
    points,
    latestMany(reader, numbers, points),
    reader.arrays(parametersQuery(reader, numbers)),
    reader.arrays(labelsQuery(reader, numbers)),
    reader.arrays(inputsQuery(reader, numbers)),
  ])
  const found = new Map(heads.map((row) => [row[0] as number, { experiment: row[1] as number, record: toRecord(row) }]))
  for (const [number, result] of results) found.get(number)!.record.results = result
  for (const [run, key, value] of parameters as [number, string, string][])
    found.get(run)!.record.parameters[key] = JSON.parse(value) as JsonValue
  for (const [run, key, value] of labels as [number, string, string][]) found.get(run)!.record.labels[key] = value
  for (const [run, ...input] of inputs) found.get(run as number)!.record.inputs.push(toInput(input))
  const runs = numbers.flatMap((number) => {
    const run = found.get(number)
    return run ? { number, ...run } : []
  })
  return { runs, points: latest }
}

const valuesQuery = (table: Extract<TableName, 'parameters' | 'labels'>) =>
  numberListQuery(({ kysely }, runs) =>
    kysely.selectFrom(table).select(['run', 'key', 'value']).where('run', 'in', runs).orderBy('run').orderBy('key'),
  )

const parametersQuery = valuesQuery('parameters')
const labelsQuery = valuesQuery('labels')

const inputsQuery = numberListQuery(({ kysely }, runs) =>
  kysely
    .selectFrom('inputs')
    .select(['run', 'key', 'url', 'size_bytes', 'sha256'])
    .where('run', 'in', runs)
    .orderBy('run')
    .orderBy('ordinal'),
)

const toInput = ([key, url, sizeBytes, sha256]: ColumnValue[]): JournalInput => ({
  key: key as string,
  url: url as string,
  ...(sizeBytes === null ? {} : { sizeBytes: sizeBytes as number }),
  ...(sha256 === null ? {} : { sha256: sha256 as string }),
})

/** How many runs lie right below `r`, iterations not counted: spelled as the index of nested runs is. */
export const nestedCount =
  sql<number>`cast((select count(*) from runs as nested where nested.parent = r.number and nested.iteration = 0 and nested.trashed_at is null) as integer)`.as(
    'nested',
  )

const headsQuery = numberListQuery(({ kysely }, runs) =>
  kysely
    .selectFrom('runs as r')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .innerJoin('experiments as e', 'e.number', 'r.experiment')
    .leftJoin('runs as parent', 'parent.number', 'r.parent')
    .select(['r.number', 'r.experiment', 'r.id', 'r.name', 'p.name as project', 'e.name as experiment_name'])
    .select(['r.kind', 'parent.id as parent_id', 'r.iteration', 'r.state', 'r.state_reason'])
    .select(['r.created_at', 'r.started_at', 'r.ended_at', 'r.updated_at', 'r.trashed_at'])
    .select(['r.owner', 'r.host', 'r.attempt', nestedCount, 'd.out_path', 'd.problems'])
    .select(['d.code', 'd.environment', 'd.exit', 'd.error', 'd.task', 'd.supervisor', 'd.sweep'])
    .where('r.number', 'in', runs),
)

function toRecord(row: ColumnValue[]): RunRecord {
  const [, , id, name, project, experiment, kind, parentId, iteration, state, stateReason] = row
  const [createdAtMs, startedAtMs, endedAtMs, updatedAtMs, trashedAtMs] = row.slice(11) as (number | null)[]
  const [owner, host, attempt, nested, outPath, problems] = row.slice(16)
  const [code, environment, exit, error, task, supervisor, sweep] = row.slice(22) as (string | null)[]
  return {
    id: id as string,
    name: name as string,
    project: project as string,
    experiment: experiment as string,
    kind: kind as RunKind,
    parentId: parentId as string | null,
    iteration: iteration as number,
    state: state as RunState,
    stateReason: stateReason as string | null,
    createdAtMs: createdAtMs as number,
    startedAtMs: startedAtMs ?? null,
    endedAtMs: endedAtMs ?? null,
    updatedAtMs: updatedAtMs as number,
    owner: owner as string,
    host: host as string,
    // No prototype, so that a parameter called `__proto__` is a parameter.
    parameters: Object.create(null) as RunRecord['parameters'],
    results: Object.create(null) as RunRecord['results'],
    labels: Object.create(null) as RunRecord['labels'],
    inputs: [],
    code: fromJson(code!),
    environment: fromJson(environment!),
    exit: fromJson(exit!),
    error: fromJson(error!),
    problems: JSON.parse(problems as string) as string[],
    task: fromJson(task!),
    outPath: outPath as string,
    supervisor: fromJson(supervisor!),
    attempt: attempt as number,
    sweep: fromJson(sweep!),
    nestedCount: nested as number,
    trashedAtMs: trashedAtMs ?? null,
  }
}

/** JSON that this program wrote; its type is that of the column. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The place it goes to names the type.
const fromJson = <Value>(text: string | null): Value | null => (text === null ? null : (JSON.parse(text) as Value))
