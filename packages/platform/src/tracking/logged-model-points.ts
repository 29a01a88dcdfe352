import { AppError } from '@trainyard/contract'
import type { Reader, Transaction } from '../database/index.ts'
import type { ModelPoint } from './tracking.ts'

export async function getModelNumber(reader: Reader, id: string): Promise<number> {
  const row = await reader.kysely
    .selectFrom('logged_models')
    .select('number')
    .where('id', '=', id)
    .where('trashed_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw new AppError('not_found', `There is no logged model ${id}.`, { details: { modelId: id } })
  return row.number
}

const columns = ['model', 'key', 'run', 'dataset_name', 'dataset_digest', 'step', 'time', 'value'] as const

/** Keeps the latest of each key, run and data set: the one of the highest step, then time. */
export async function putModelPoints(transaction: Transaction, run: number, points: readonly ModelPoint[]): Promise<void> {
  const numbers = new Map<string, number>()
  for (const { modelId, key, datasetName, datasetDigest, step, timeMs, value } of points) {
    const model = numbers.get(modelId) ?? (await getModelNumber(transaction, modelId))
    numbers.set(modelId, model)
    const stored = await transaction.kysely
      .selectFrom('logged_model_metrics')
      .select(['step', 'time'])
      .where('model', '=', model)
      .where('key', '=', key)
      .where('run', '=', run)
      .where('dataset_name', '=', datasetName)
      .where('dataset_digest', '=', datasetDigest)
      .executeTakeFirst()
    if (stored && (stored.step > step || (stored.step === step && stored.time > timeMs))) continue
    const row = [model, key, run, datasetName, datasetDigest, step, timeMs, value]
    await transaction.insertRows('logged_model_metrics', columns, [row], { onConflict: { replace: columns.slice(0, 5) } })
  }
}
