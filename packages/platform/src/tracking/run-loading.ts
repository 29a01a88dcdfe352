import type { JournalInput, JsonValue, RunKind, RunRecord, RunState } from '@trainyard/contract'
import { sql } from 'kysely'
import { boundValuesPerQuery, type ColumnValue, type Reader, type TableName } from '../database/index.ts'
import { latestMany } from './metric-records.ts'

/**
 * The records of these runs, in the order of their integer keys given; keys without a run are left out. A constant number of
 * queries, whatever the number of runs.
 */
export async function loadRuns(reader: Reader, numbers: readonly number[]): Promise<RunRecord[]> {
  const records = new Map<number, RunRecord>()
  for (let at = 0; at < numbers.length; at += boundValuesPerQuery) {
    const part = numbers.slice(at, at + boundValuesPerQuery)
    await loadPart(reader, part, records)
  }
  return numbers.flatMap((number) => records.get(number) ?? [])
}

/**
 * The keys are bound as one list, so that pages of any size share their prepared statements. Everything is asked for at once: a
 * database behind a socket gets it in one go.
 */
async function loadPart(reader: Reader, numbers: readonly number[], records: Map<number, RunRecord>): Promise<void> {
  const inputsOfRuns = reader.kysely
    .selectFrom('inputs')
    .select(['run', 'key', 'url', 'size_bytes', 'sha256'])
    .where('run', 'in', reader.dialect.numberList(numbers))
    .orderBy('run')
    .orderBy('ordinal')
  const [heads, results, parameters, labels, inputs] = await Promise.all([
    loadHeads(reader, numbers),
    latestMany(reader, numbers),
    valuesOf(reader, 'parameters', numbers),
    valuesOf(reader, 'labels', numbers),
    reader.arrays(inputsOfRuns),
  ])
  for (const [number, record] of heads) records.set(number, record)
  for (const [number, result] of results) records.get(number)!.results = result
  for (const [run, key, value] of parameters) records.get(run)!.parameters[key] = JSON.parse(value) as JsonValue
  for (const [run, key, value] of labels) records.get(run)!.labels[key] = value
  for (const [run, ...input] of inputs) records.get(run as number)!.inputs.push(toInput(input))
}

const toInput = ([key, url, sizeBytes, sha256]: ColumnValue[]): JournalInput => ({
  key: key as string,
  url: url as string,
  ...(sizeBytes === null ? {} : { sizeBytes: sizeBytes as number }),
  ...(sha256 === null ? {} : { sha256: sha256 as string }),
})

async function valuesOf(
  reader: Reader,
  table: Extract<TableName, 'parameters' | 'labels'>,
  numbers: readonly number[],
): Promise<[run: number, key: string, value: string][]> {
  const query = reader.kysely
    .selectFrom(table)
    .select(['run', 'key', 'value'])
    .where('run', 'in', reader.dialect.numberList(numbers))
    .orderBy('run')
    .orderBy('key')
  return (await reader.arrays(query)) as [number, string, string][]
}

async function loadHeads({ kysely, dialect }: Reader, numbers: readonly number[]): Promise<[number, RunRecord][]> {
  const rows = await kysely
    .selectFrom('runs as r')
    .innerJoin('run_documents as d', 'd.run', 'r.number')
    .innerJoin('projects as p', 'p.number', 'r.project')
    .innerJoin('experiments as e', 'e.number', 'r.experiment')
    .leftJoin('runs as parent', 'parent.number', 'r.parent')
    .selectAll('d')
    .selectAll('r')
    .select(['p.name as project_name', 'e.name as experiment_name', 'parent.id as parent_id', nestedCount])
    .where('r.number', 'in', dialect.numberList(numbers))
    .execute()
  return rows.map((row) => [
    row.number,
    {
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
      // No prototype, so that a parameter called `__proto__` is a parameter.
      parameters: Object.create(null) as RunRecord['parameters'],
      results: Object.create(null) as RunRecord['results'],
      labels: Object.create(null) as RunRecord['labels'],
      inputs: [],
      code: fromJson(row.code),
      environment: fromJson(row.environment),
      exit: fromJson(row.exit),
      error: fromJson(row.error),
      problems: JSON.parse(row.problems) as string[],
      task: fromJson(row.task),
      outPath: row.out_path,
      supervisor: fromJson(row.supervisor),
      attempt: row.attempt,
      sweep: fromJson(row.sweep),
      nestedCount: row.nested,
      trashedAtMs: row.trashed_at,
    },
  ])
}

/** How many runs lie right below `r`, iterations not counted: spelled as the index of nested runs is. */
export const nestedCount =
  sql<number>`cast((select count(*) from runs as nested where nested.parent = r.number and nested.iteration = 0 and nested.trashed_at is null) as integer)`.as(
    'nested',
  )

/** JSON that this program wrote; its type is that of the column. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The place it goes to names the type.
const fromJson = <Value>(text: string | null): Value | null => (text === null ? null : (JSON.parse(text) as Value))
