import type { DatasetInput, ModelLink } from '../../tracking/index.ts'
import type { SourceExperiment, SourceRun } from '../source.ts'
import { type DatabaseTables, groupBy, toPoint } from './database-tables.ts'
import { stateOf } from './rest-messages.ts'
import type { SqlRow } from './sql-reader.ts'
import { numberOf, optionalNumber, optionalText, pairsOf, textOf } from './wire-fields.ts'

const runsPerPage = 300

/** A constant number of queries for each page of runs. */
export async function* readDatabaseRuns(tables: DatabaseTables, { id }: SourceExperiment): AsyncGenerator<SourceRun> {
  for (let offset = 0; ; offset += runsPerPage) {
    const rows = await tables.reader.rows(
      `SELECT * FROM runs WHERE experiment_id = ? ORDER BY start_time, run_uuid LIMIT ${runsPerPage} OFFSET ${offset}`,
      [Number(id)],
    )
    yield* await completeRuns(tables, rows)
    if (rows.length < runsPerPage) return
  }
}

async function completeRuns(tables: DatabaseTables, rows: readonly SqlRow[]): Promise<SourceRun[]> {
  const ids = rows.map((row) => textOf(row, 'run_uuid'))
  const ofRuns = async (table: string) => groupBy(await tables.where(table, 'run_uuid', ids), 'run_uuid')
  const [params, tags, latest] = [await ofRuns('params'), await ofRuns('tags'), await ofRuns('latest_metrics')]
  const datasets = await readDatasets(tables, ids)
  const links = groupBy(await tables.where('inputs', 'source_id', ids), 'source_id')
  return rows.map((row) => {
    const id = textOf(row, 'run_uuid')
    const runTags = pairsOf(tags.get(id) ?? [])
    const startedAtMs = numberOf(row, 'start_time')
    const endedAtMs = optionalNumber(row, 'end_time')
    const deletedAtMs = optionalNumber(row, 'deleted_time') ?? endedAtMs ?? startedAtMs
    return {
      id,
      experimentId: textOf(row, 'experiment_id'),
      name: textOf(row, 'name') || (runTags['mlflow.runName'] ?? ''),
      state: stateOf(optionalText(row, 'status')),
      startedAtMs,
      endedAtMs,
      deletedAtMs: textOf(row, 'lifecycle_stage') === 'deleted' ? deletedAtMs : null,
      owner: textOf(row, 'user_id') || (runTags['mlflow.user'] ?? ''),
      artifactUri: textOf(row, 'artifact_uri'),
      parameters: pairsOf(params.get(id) ?? []),
      tags: runTags,
      latest: (latest.get(id) ?? []).map(toPoint),
      datasets: datasets.get(id) ?? [],
      models: (links.get(id) ?? []).flatMap(toLink),
    }
  })
}

function toLink(row: SqlRow): ModelLink[] {
  const type = textOf(row, 'destination_type')
  if (type !== 'MODEL_INPUT' && type !== 'MODEL_OUTPUT') return []
  const direction = type === 'MODEL_INPUT' ? 'input' : 'output'
  return [{ modelId: textOf(row, 'destination_id'), direction, step: numberOf(row, 'step') }]
}

async function readDatasets(tables: DatabaseTables, runs: readonly string[]): Promise<Map<string, DatasetInput[]>> {
  const inputs = (await tables.where('inputs', 'destination_id', runs)).filter(
    (row) => textOf(row, 'destination_type') === 'RUN' && textOf(row, 'source_type') === 'DATASET',
  )
  const ids = inputs.map((row) => textOf(row, 'source_id'))
  const datasets = groupBy(await tables.where('datasets', 'dataset_uuid', [...new Set(ids)]), 'dataset_uuid')
  const inputIds = inputs.map((row) => textOf(row, 'input_uuid'))
  const tags = groupBy(await tables.where('input_tags', 'input_uuid', inputIds), 'input_uuid')
  const found = new Map<string, DatasetInput[]>()
  for (const input of inputs) {
    const row = datasets.get(textOf(input, 'source_id'))?.[0]
    if (!row) continue
    const run = textOf(input, 'destination_id')
    found.set(run, [
      ...(found.get(run) ?? []),
      {
        name: textOf(row, 'name'),
        digest: textOf(row, 'digest'),
        sourceType: textOf(row, 'dataset_source_type'),
        source: textOf(row, 'dataset_source'),
        schema: optionalText(row, 'dataset_schema'),
        profile: optionalText(row, 'dataset_profile'),
        tags: pairsOf(tags.get(textOf(input, 'input_uuid')) ?? [], { key: 'name', value: 'value' }),
      },
    ])
  }
  return found
}
