import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { ObjectContext } from '../../objects/index.ts'
import type { FileOwner, MigrationSource, SourceExperiment, SourceLoggedModel, SourcePoint, SourceRun } from '../source.ts'
import { readDatabaseModels } from './database-registry.ts'
import { readDatabaseRuns } from './database-runs.ts'
import { DatabaseTables, groupBy, toPoint } from './database-tables.ts'
import { knownRevisions, tablesLeftOut } from './known-schemas.ts'
import { readPlace } from './place-files.ts'
import { loggedModelStatusOf } from './rest-messages.ts'
import { openSqlReader } from './sql-reader.ts'
import { filledText, numberOf, optionalNumber, optionalText, pairsOf, textOf } from './wire-fields.ts'

export interface DatabaseOptions {
  objects: ObjectContext
  artifacts: string | undefined
  /** Of the rows of a server with several; `default` where there is one. */
  workspace: string | undefined
}

/** The database behind an MLflow server: SQLite, Postgres or MySQL, read directly. The server may be running. */
export async function openDatabaseSource(address: string, options: DatabaseOptions): Promise<MigrationSource> {
  const reader = await openSqlReader(address)
  const tables = new DatabaseTables(reader, await reader.tables(), options.workspace ?? 'default')
  if (!tables.has('experiments') || !tables.has('runs')) {
    await reader[Symbol.asyncDispose]()
    throw new AppError('invalid_argument', `${reader.name} is no database of MLflow: it has no tables 'experiments' and 'runs'.`)
  }
  const isFile = isAbsolute(reader.name) || !/^\w+:/.test(reader.name)
  const name = isFile ? realpathSync(reader.name) : reader.name
  return {
    name: options.workspace === undefined ? name : `${name}#${options.workspace}`,
    notes: await notesOf(tables),
    experiments: () => experiments(tables),
    runs: (experiment) => readDatabaseRuns(tables, experiment),
    history: (run) => history(tables, run),
    loggedModels: (experiment) => loggedModels(tables, experiment),
    // Counted in the notes.
    traces: async function* () {},
    models: () => readDatabaseModels(tables),
    files: (owner) => readPlace(owner, { ...options, nearby: (each) => (isFile ? beside(dirname(name), each) : []) }),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}

/** Where `mlflow server` keeps artifacts unless told otherwise: folders of the working folder it was started in. */
const beside = (folder: string, owner: FileOwner): string[] => {
  const tail = owner.kind === 'model' ? ['models', owner.id, 'artifacts'] : [owner.id, 'artifacts']
  return ['mlartifacts', 'mlruns'].map((root) => join(folder, root, owner.experimentId, ...tail))
}

async function notesOf(tables: DatabaseTables): Promise<string[]> {
  const notes: string[] = []
  const [revision] = tables.has('alembic_version') ? await tables.all('alembic_version') : []
  const number = textOf(revision ?? {}, 'version_num')
  if (!knownRevisions.has(number))
    notes.push(
      `Its schema is of revision ${number || '(none)'}, which this program does not know: compare the result with what is there.`,
    )
  for (const [table, words] of Object.entries(tablesLeftOut)) {
    const count = tables.has(table) ? await tables.count(table) : 0
    if (count > 0) notes.push(`Not taken: ${count} ${words}.`)
  }
  const others = await tables.otherWorkspaces()
  if (others.length > 0) notes.push(`Not taken: the workspaces ${others.join(', ')}. Choose one with --workspace.`)
  return notes
}

async function* experiments(tables: DatabaseTables): AsyncGenerator<SourceExperiment> {
  const rows = (await tables.all('experiments')).filter((row) => tables.isOurs(row))
  const tags = groupBy(tables.has('experiment_tags') ? await tables.all('experiment_tags') : [], 'experiment_id')
  for (const row of rows.sort((left, right) => numberOf(left, 'experiment_id') - numberOf(right, 'experiment_id'))) {
    const id = textOf(row, 'experiment_id')
    const createdAtMs = numberOf(row, 'creation_time')
    yield {
      id,
      name: textOf(row, 'name'),
      createdAtMs,
      updatedAtMs: optionalNumber(row, 'last_update_time') ?? createdAtMs,
      isDeleted: textOf(row, 'lifecycle_stage') === 'deleted',
      tags: pairsOf(tags.get(id) ?? []),
    }
  }
}

const pointsPerPage = 50_000

async function* history(tables: DatabaseTables, run: SourceRun): AsyncGenerator<SourcePoint[]> {
  const order = ['key', 'step', 'timestamp', 'value'].map((name) => tables.reader.quote(name)).join(', ')
  for (let offset = 0; ; offset += pointsPerPage) {
    const rows = await tables.reader.rows(
      `SELECT * FROM metrics WHERE run_uuid = ? ORDER BY ${order} LIMIT ${pointsPerPage} OFFSET ${offset}`,
      [run.id],
    )
    if (rows.length > 0) yield rows.map(toPoint)
    if (rows.length < pointsPerPage) return
  }
}

async function* loggedModels(tables: DatabaseTables, { id: experimentId }: SourceExperiment): AsyncGenerator<SourceLoggedModel> {
  if (!tables.has('logged_models')) return
  const of = async (table: string) => groupBy(await tables.where(table, 'experiment_id', [experimentId]), 'model_id')
  const [params, tags, metrics] = [
    await of('logged_model_params'),
    await of('logged_model_tags'),
    await of('logged_model_metrics'),
  ]
  const rows = await tables.where('logged_models', 'experiment_id', [experimentId])
  for (const row of rows.sort(
    (left, right) => numberOf(left, 'creation_timestamp_ms') - numberOf(right, 'creation_timestamp_ms'),
  )) {
    const id = textOf(row, 'model_id')
    yield {
      id,
      experimentId,
      name: textOf(row, 'name'),
      type: filledText(row, 'model_type'),
      sourceRunId: filledText(row, 'source_run_id'),
      status: loggedModelStatusOf(optionalText(row, 'status')),
      createdAtMs: numberOf(row, 'creation_timestamp_ms'),
      updatedAtMs: numberOf(row, 'last_updated_timestamp_ms'),
      isDeleted: textOf(row, 'lifecycle_stage') === 'deleted',
      artifactUri: textOf(row, 'artifact_location'),
      parameters: pairsOf(params.get(id) ?? [], { key: 'param_key', value: 'param_value' }),
      tags: pairsOf(tags.get(id) ?? [], { key: 'tag_key', value: 'tag_value' }),
      metrics: (metrics.get(id) ?? []).map((metric) => ({
        modelId: id,
        runId: textOf(metric, 'run_id'),
        key: textOf(metric, 'metric_name'),
        step: numberOf(metric, 'metric_step'),
        timeMs: numberOf(metric, 'metric_timestamp_ms'),
        value: optionalNumber(metric, 'metric_value') ?? Number.NaN,
        datasetName: textOf(metric, 'dataset_name'),
        datasetDigest: textOf(metric, 'dataset_digest'),
      })),
    }
  }
}
