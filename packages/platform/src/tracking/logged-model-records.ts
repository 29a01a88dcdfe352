import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import { type Database, numberListQuery, type Reader, type Transaction } from '../database/index.ts'
import { getModelNumber } from './logged-model-points.ts'
import { searchLoggedModels } from './logged-model-search.ts'
import { noteRegistration } from './model-registrations.ts'
import { checkName, checkValue } from './record-names.ts'
import { findRunNumber, getRunNumber, readByRunId } from './run-number.ts'
import type { LoggedModelRecord, LoggedModelRecords, LoggedModelStatus, ModelLink } from './tracking.ts'

export function createLoggedModelRecords(database: Database, clock: Clock): LoggedModelRecords {
  const change = (id: string, fields: { status?: LoggedModelStatus; trashed_at?: number }) =>
    database.write(async (transaction) => {
      const number = await getModelNumber(transaction, id)
      const set = { ...fields, updated_at: clock.nowMs() }
      await transaction.kysely.updateTable('logged_models').set(set).where('number', '=', number).execute()
    })
  return {
    create: async (model) => {
      checkName('model name', model.name)
      for (const [key, value] of Object.entries({ ...model.tags, ...model.parameters })) checkValue('value', key, value)
      return await database.write((transaction) => create(transaction, model, clock.nowMs()))
    },
    find: (id) =>
      database.read(async (reader) => {
        const query = reader.kysely.selectFrom('logged_models').select('number').where('id', '=', id)
        const [row] = await reader.arrays(query.where('trashed_at', 'is', null))
        return row && (await loadModels(reader, [row[0] as number]))[0]
      }),
    setStatus: (id, status) => change(id, { status }),
    trash: (id) => change(id, { trashed_at: clock.nowMs() }),
    setTags: (id, tags) =>
      database.write(async (transaction) => putTags(transaction, await getModelNumber(transaction, id), tags)),
    noteRegistration: (id, version) => database.write((transaction) => noteRegistration(transaction, id, version)),
    addParameters: (id, parameters) =>
      database.write(async (transaction) => {
        const model = await getModelNumber(transaction, id)
        const rows = Object.entries(parameters).map(([key, value]) => [model, key, value])
        await transaction.insertRows('logged_model_params', ['model', 'key', 'value'], rows)
      }),
    search: (query) => database.read((reader) => searchLoggedModels(reader, query, loadModels)),
    link: (runId, links) =>
      database.write(async (transaction) => {
        await linkModels(transaction, await getRunNumber(transaction, runId), links)
      }),
    ofRuns: (runIds) => database.read((reader) => readByRunId(reader, runIds, readModelLinks)),
  }
}

async function create(
  transaction: Transaction,
  model: Parameters<LoggedModelRecords['create']>[0],
  nowMs: number,
): Promise<LoggedModelRecord> {
  const sourceRun = model.sourceRunId === undefined ? null : ((await findRunNumber(transaction, model.sourceRunId)) ?? null)
  const experiment = await transaction.kysely
    .selectFrom('experiments')
    .select('trashed_at')
    .where('number', '=', Number(model.experimentId))
    .executeTakeFirst()
  if (!experiment) throw new AppError('not_found', `There is no experiment ${model.experimentId}.`)
  if (experiment.trashed_at !== null)
    throw new AppError('failed_precondition', `The experiment ${model.experimentId} is in the trash; restore it first.`)
  const { number } = await transaction.kysely
    .insertInto('logged_models')
    .values({
      id: model.id,
      experiment: Number(model.experimentId),
      name: model.name,
      type: model.type ?? null,
      source_run: sourceRun,
      status: 'pending',
      created_at: nowMs,
      updated_at: nowMs,
      trashed_at: null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await putTags(transaction, number, model.tags ?? {})
  const rows = Object.entries(model.parameters ?? {}).map(([key, value]) => [number, key, value])
  await transaction.insertRows('logged_model_params', ['model', 'key', 'value'], rows)
  return (await loadModels(transaction, [number]))[0]!
}

export async function linkModels(transaction: Transaction, run: number, links: readonly ModelLink[]): Promise<void> {
  for (const { modelId, direction, step } of links) {
    const row = [run, await getModelNumber(transaction, modelId), direction, step]
    await transaction.insertRows('run_models', ['run', 'model', 'direction', 'step'], [row], { onConflict: 'ignore' })
  }
}

async function putTags(transaction: Transaction, model: number, tags: Record<string, string | null>): Promise<void> {
  for (const [key, value] of Object.entries(tags)) {
    if (value !== null) continue
    await transaction.kysely.deleteFrom('logged_model_tags').where('model', '=', model).where('key', '=', key).execute()
  }
  const rows = Object.entries(tags).flatMap(([key, value]) => (value === null ? [] : [[model, key, value]]))
  await transaction.insertRows('logged_model_tags', ['model', 'key', 'value'], rows, {
    onConflict: { replace: ['model', 'key'] },
  })
}

/** In the order given. */
export async function loadModels(reader: Reader, numbers: readonly number[]): Promise<LoggedModelRecord[]> {
  const { kysely } = reader
  const list = reader.dialect.numberList(numbers)
  const rows = await kysely
    .selectFrom('logged_models as m')
    .innerJoin('experiments as e', 'e.number', 'm.experiment')
    .innerJoin('projects as p', 'p.number', 'e.project')
    .leftJoin('runs as r', 'r.number', 'm.source_run')
    .selectAll('m')
    .select(['p.name as project_name', 'r.id as run_id'])
    .where('m.number', 'in', list)
    .execute()
  const found = new Map<number, LoggedModelRecord>()
  for (const row of rows) {
    found.set(row.number, {
      id: row.id,
      experimentId: String(row.experiment),
      project: row.project_name,
      name: row.name,
      type: row.type,
      sourceRunId: row.run_id,
      status: row.status as LoggedModelStatus,
      createdAtMs: row.created_at,
      updatedAtMs: row.updated_at,
      tags: Object.create(null) as Record<string, string>,
      parameters: Object.create(null) as Record<string, string>,
      metrics: [],
    })
  }
  for (const [table, field] of [
    ['logged_model_tags', 'tags'],
    ['logged_model_params', 'parameters'],
  ] as const) {
    const query = kysely
      .selectFrom(table)
      .select(['model', 'key', 'value'])
      .where('model', 'in', list)
      .orderBy('model')
      .orderBy('key')
    for (const [model, key, value] of await reader.arrays(query))
      found.get(model as number)![field][key as string] = value as string
  }
  const points = await kysely
    .selectFrom('logged_model_metrics as v')
    .innerJoin('runs as r', 'r.number', 'v.run')
    .selectAll('v')
    .select('r.id as run_id')
    .where('v.model', 'in', list)
    .orderBy('v.model')
    .orderBy('v.key')
    .orderBy('v.run')
    .execute()
  for (const point of points) {
    const model = found.get(point.model)!
    model.metrics.push({
      modelId: model.id,
      runId: point.run_id,
      key: point.key,
      step: point.step,
      timeMs: point.time,
      value: point.value ?? Number.NaN,
      datasetName: point.dataset_name,
      datasetDigest: point.dataset_digest,
    })
  }
  return numbers.flatMap((number) => found.get(number) ?? [])
}

const linksQuery = numberListQuery(({ kysely }, runs) =>
  kysely
    .selectFrom('run_models as l')
    .innerJoin('logged_models as m', 'm.number', 'l.model')
    .select(['l.run', 'm.id', 'l.direction', 'l.step'])
    .where('l.run', 'in', runs)
    .orderBy('m.number'),
)

export async function readModelLinks(reader: Reader, runs: readonly number[]): Promise<Map<number, ModelLink[]>> {
  const found = new Map<number, ModelLink[]>()
  for (const [run, id, direction, step] of await reader.arrays(linksQuery(reader, runs))) {
    const links = found.get(run as number) ?? []
    if (links.length === 0) found.set(run as number, links)
    links.push({ modelId: id as string, direction: direction as ModelLink['direction'], step: step as number })
  }
  return found
}
