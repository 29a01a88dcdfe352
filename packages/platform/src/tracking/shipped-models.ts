import { AppError } from '@trainyard/contract'
import { boundValuesPerQuery, type Database, ensureProject, type Reader, type Transaction } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { ensureExperiment } from './ensure-experiment.ts'
import { takeLoggedModel } from './imported/logged-models.ts'
import { putModelPoints } from './logged-model-points.ts'
import { linkModels, loadModels } from './logged-model-records.ts'
import type { ModelImage, ModelUses, ShippedModels } from './logged-models.ts'
import { getRunNumber } from './run-number.ts'

export const createShippedModels = (database: Database): ShippedModels => ({
  madeBy: (runId) => database.read((reader) => madeBy(reader, runId)),
  usesOf: (runId) => database.read((reader) => usesOf(reader, runId)),
  put: (runId, image, options) => database.write((transaction) => put(transaction, runId, image, options.revision)),
  use: (runId, uses) => database.write((transaction) => use(transaction, runId, uses)),
})

async function madeBy(reader: Reader, runId: string): ReturnType<ShippedModels['madeBy']> {
  const rows = await reader.kysely
    .selectFrom('logged_models as m')
    .innerJoin('runs as r', 'r.number', 'm.source_run')
    .innerJoin('experiments as e', 'e.number', 'm.experiment')
    .select(['m.number', 'm.trashed_at', 'e.name as experiment'])
    .where('r.id', '=', runId)
    .orderBy('m.number')
    .execute()
  const models: Awaited<ReturnType<ShippedModels['madeBy']>> = []
  for (let at = 0; at < rows.length; at += boundValuesPerQuery) {
    const part = rows.slice(at, at + boundValuesPerQuery)
    const loaded = await loadModels(
      reader,
      part.map(({ number }) => number),
    )
    for (const [place, { metrics: _, sourceRunId: _run, ...model }] of loaded.entries())
      models.push({ ...model, experiment: part[place]!.experiment, trashedAtMs: part[place]!.trashed_at })
  }
  return models
}

async function usesOf({ kysely }: Reader, runId: string): Promise<ModelUses> {
  const links = await kysely
    .selectFrom('run_models as l')
    .innerJoin('runs as r', 'r.number', 'l.run')
    .innerJoin('logged_models as m', 'm.number', 'l.model')
    .select(['m.id as modelId', 'l.direction', 'l.step'])
    .where('r.id', '=', runId)
    .orderBy('m.number')
    .orderBy('l.direction')
    .execute()
  const points = await kysely
    .selectFrom('logged_model_metrics as v')
    .innerJoin('runs as r', 'r.number', 'v.run')
    .innerJoin('logged_models as m', 'm.number', 'v.model')
    .select(['m.id as modelId', 'v.key', 'v.step', 'v.time', 'v.value', 'v.dataset_name', 'v.dataset_digest'])
    .where('r.id', '=', runId)
    .orderBy('m.number')
    .orderBy('v.key')
    .orderBy('v.dataset_name')
    .orderBy('v.dataset_digest')
    .execute()
  return {
    links: links.map(({ modelId, direction, step }) => ({
      modelId,
      direction: direction === 'input' ? 'input' : 'output',
      step,
    })),
    points: points.map(({ modelId, key, step, time, value, dataset_name, dataset_digest }) => ({
      modelId,
      key,
      step,
      timeMs: time,
      value: value ?? Number.NaN,
      datasetName: dataset_name,
      datasetDigest: dataset_digest,
    })),
  }
}

async function put(
  transaction: Transaction,
  runId: string,
  { experiment, project, ...image }: ModelImage,
  revision: number,
): Promise<void> {
  const { kysely } = transaction
  const stored = await kysely
    .selectFrom('logged_models as m')
    .leftJoin('logged_model_shipments as s', 's.model', 'm.number')
    .select('s.revision')
    .where('m.id', '=', image.id)
    .executeTakeFirst()
  if (stored?.revision === null)
    throw new AppError('already_exists', `There is a logged model ${image.id} here that was not sent by another machine.`, {
      details: { modelId: image.id },
    })
  if (stored && stored.revision > revision) return
  const owner = await ensureProject(transaction, project, image.updatedAtMs)
  const experimentId = String(await ensureExperiment(transaction, owner, experiment, image.updatedAtMs))
  await takeLoggedModel(transaction, { ...image, experimentId, sourceRunId: runId, removedTags: [], metrics: [] })
  const { number } = await kysely
    .selectFrom('logged_models')
    .select('number')
    .where('id', '=', image.id)
    .executeTakeFirstOrThrow()
  await transaction.insertRows('logged_model_shipments', ['model', 'revision'], [[number, revision]], {
    onConflict: { replace: ['model'] },
  })
  await noteChange(transaction, 'run', await getRunNumber(transaction, runId))
}

async function use(transaction: Transaction, runId: string, { links, points }: ModelUses): Promise<string[]> {
  const run = await getRunNumber(transaction, runId)
  const named = new Set([...links, ...points].map(({ modelId }) => modelId))
  const missing = new Set<string>(named)
  const ids = [...named]
  for (let at = 0; at < ids.length; at += boundValuesPerQuery) {
    const rows = await transaction.kysely
      .selectFrom('logged_models')
      .select('id')
      .where('id', 'in', ids.slice(at, at + boundValuesPerQuery))
      .where('trashed_at', 'is', null)
      .execute()
    for (const { id } of rows) missing.delete(id)
  }
  const isHere = ({ modelId }: { modelId: string }): boolean => !missing.has(modelId)
  await linkModels(transaction, run, links.filter(isHere))
  await putModelPoints(transaction, run, points.filter(isHere))
  await noteChange(transaction, 'run', run)
  return [...missing]
}
