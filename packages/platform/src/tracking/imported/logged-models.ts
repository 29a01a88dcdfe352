import type { Transaction } from '../../database/index.ts'
import { noteChange } from '../change-notes.ts'
import { putModelPoints } from '../logged-model-points.ts'
import { checkName, checkValue } from '../record-names.ts'
import { findRunNumber } from '../run-number.ts'
import type { LoggedModelStatus, ModelLink, ModelPoint } from '../tracking.ts'
import type { Taken } from './imported-records.ts'

export interface ImportedLoggedModel {
  id: string
  experimentId: string
  name: string
  type: string | null
  sourceRunId: string | null
  status: LoggedModelStatus
  createdAtMs: number
  updatedAtMs: number
  trashedAtMs: number | null
  parameters: Record<string, string>
  tags: Record<string, string>
  removedTags: readonly string[]
  metrics: readonly (ModelPoint & { runId: string })[]
}

/** Makes the logged model, or brings the one of that id up to date. */
export async function takeLoggedModel(transaction: Transaction, given: ImportedLoggedModel): Promise<Taken> {
  checkName('model name', given.name)
  for (const [key, value] of Object.entries({ ...given.tags, ...given.parameters })) checkValue('value', key, value)
  const { kysely } = transaction
  const differences: string[] = []
  const sourceRun = given.sourceRunId === null ? undefined : await findRunNumber(transaction, given.sourceRunId)
  if (given.sourceRunId !== null && sourceRun === undefined)
    differences.push(`the run ${given.sourceRunId} that made it is not here`)
  const values = {
    name: given.name,
    type: given.type,
    source_run: sourceRun ?? null,
    status: given.status,
    updated_at: given.updatedAtMs,
    // Points are refused by what lies in the trash.
    trashed_at: null,
  }
  const known = await kysely.selectFrom('logged_models').select('number').where('id', '=', given.id).executeTakeFirst()
  if (known) await kysely.updateTable('logged_models').set(values).where('number', '=', known.number).execute()
  const { number } =
    known ??
    (await kysely
      .insertInto('logged_models')
      .values({ ...values, id: given.id, experiment: Number(given.experimentId), created_at: given.createdAtMs })
      .returning('number')
      .executeTakeFirstOrThrow())
  await putDetails(transaction, number, given)
  differences.push(...(await putPoints(transaction, given)))
  if (given.trashedAtMs !== null)
    await kysely.updateTable('logged_models').set({ trashed_at: given.trashedAtMs }).where('number', '=', number).execute()
  return { made: known === undefined, differences }
}

async function putDetails(transaction: Transaction, model: number, given: ImportedLoggedModel): Promise<void> {
  for (const key of given.removedTags)
    await transaction.kysely.deleteFrom('logged_model_tags').where('model', '=', model).where('key', '=', key).execute()
  const rowsOf = (texts: Record<string, string>) => Object.entries(texts).map(([key, value]) => [model, key, value])
  await transaction.insertRows('logged_model_tags', ['model', 'key', 'value'], rowsOf(given.tags), {
    onConflict: { replace: ['model', 'key'] },
  })
  await transaction.insertRows('logged_model_params', ['model', 'key', 'value'], rowsOf(given.parameters), {
    onConflict: 'ignore',
  })
}

async function putPoints(transaction: Transaction, { metrics }: ImportedLoggedModel): Promise<string[]> {
  const differences: string[] = []
  for (const { runId, ...point } of metrics) {
    const run = await findRunNumber(transaction, runId)
    if (run === undefined) differences.push(`its metric '${point.key}' was measured by the run ${runId}, which is not here`)
    else await putModelPoints(transaction, run, [point])
  }
  return differences
}

/** What a run belongs to and works with: told last, when all of them are here. */
export interface ImportedRelations {
  runId: string
  parentId: string | null
  links: readonly ModelLink[]
}

export async function takeRelations(transaction: Transaction, { runId, parentId, links }: ImportedRelations): Promise<string[]> {
  const { kysely } = transaction
  const run = await findRunNumber(transaction, runId)
  if (run === undefined) return [`the run ${runId} is not here`]
  await noteChange(transaction, 'run', run)
  const differences: string[] = []
  const parent = parentId === null ? undefined : await findRunNumber(transaction, parentId)
  if (parent !== undefined && parent !== run)
    await kysely.updateTable('runs').set({ parent }).where('number', '=', run).where('parent', 'is', null).execute()
  else if (parentId !== null) differences.push(`its parent run ${parentId} is not here`)
  for (const { modelId, direction, step } of links) {
    const model = await kysely.selectFrom('logged_models').select('number').where('id', '=', modelId).executeTakeFirst()
    if (model === undefined) differences.push(`its logged model ${modelId} is not here`)
    else
      await transaction.insertRows('run_models', ['run', 'model', 'direction', 'step'], [[run, model.number, direction, step]], {
        onConflict: 'ignore',
      })
  }
  return differences
}
