import { AppError } from '@trainyard/contract'
import type { ModelName, NewModel } from './registry.ts'
import { ensureProject } from '../database/index.ts'
import { type Change, remember } from './registry-events.ts'
import { checkDescription, checkModelName, plainText } from './registry-names.ts'
import { getModelRow } from './registry-rows.ts'
import { changeModelTags, checkTags } from './tag-change.ts'

/** The integer key of the new model. */
export async function createModel(change: Change, model: NewModel): Promise<number> {
  checkModelName(model.name)
  checkDescription(model.description ?? null)
  checkTags(model.tags ?? {})
  const { transaction, atMs, origin } = change
  const project = await ensureProject(transaction, model.project, atMs)
  await refuseTakenName(change, project, model)
  const { number } = await transaction.kysely
    .insertInto('registered_models')
    .values({
      project,
      name: model.name,
      plain_name: plainText(model.name),
      description: model.description ?? null,
      created_at: atMs,
      updated_at: atMs,
      created_by: origin.by,
      next_version: 1,
      deleted_at: null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await remember(change, { model: number, kind: 'model_created', after: model.name })
  const part: Change = { ...change, isPart: true }
  if (model.description !== undefined)
    await remember(part, { model: number, kind: 'description_changed', after: model.description })
  await changeModelTags(part, number, model.tags ?? {})
  return number
}

async function refuseTakenName({ transaction }: Change, project: number, model: ModelName, except?: number): Promise<void> {
  const taken = await transaction.kysely
    .selectFrom('registered_models')
    .select(['number', 'name'])
    .where('project', '=', project)
    .where('plain_name', '=', plainText(model.name))
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (!taken || taken.number === except) return
  const sentence =
    taken.name === model.name
      ? `The project ${model.project} has a registered model '${model.name}' already.`
      : `The name '${model.name}' is another spelling of the registered model '${taken.name}'; choose a different one.`
  throw new AppError('already_exists', sentence, {
    details: { record: 'model', project: model.project, name: model.name, taken: taken.name },
  })
}

export async function renameModel(change: Change, model: ModelName, newName: string): Promise<number> {
  checkModelName(newName)
  const { kysely } = change.transaction
  const row = await getModelRow(change.transaction, model)
  if (newName === row.name) return row.number
  const { project } = await kysely
    .selectFrom('registered_models')
    .select('project')
    .where('number', '=', row.number)
    .executeTakeFirstOrThrow()
  await refuseTakenName(change, project, { project: model.project, name: newName }, row.number)
  await kysely
    .updateTable('registered_models')
    .set({ name: newName, plain_name: plainText(newName), updated_at: change.atMs })
    .where('number', '=', row.number)
    .execute()
  await kysely
    .updateTable('model_versions')
    .set({ updated_at: change.atMs })
    .where('model', '=', row.number)
    .where('deleted_at', 'is', null)
    .execute()
  await remember(change, { model: row.number, kind: 'model_renamed', before: row.name, after: newName })
  return row.number
}

export async function describeModel(change: Change, model: ModelName, description: string | null): Promise<number> {
  checkDescription(description)
  const row = await getModelRow(change.transaction, model)
  await change.transaction.kysely
    .updateTable('registered_models')
    .set({ description, updated_at: change.atMs })
    .where('number', '=', row.number)
    .execute()
  if (row.description !== description)
    await remember(change, { model: row.number, kind: 'description_changed', before: row.description, after: description })
  return row.number
}

/** Rows stay: only the aliases go, as they name what is alive. */
export async function deleteModel(change: Change, model: ModelName): Promise<void> {
  const { kysely } = change.transaction
  const row = await getModelRow(change.transaction, model)
  const aliases = await kysely
    .selectFrom('model_aliases as a')
    .innerJoin('model_versions as v', 'v.number', 'a.version')
    .select(['a.alias', 'v.version'])
    .where('a.model', '=', row.number)
    .execute()
  for (const { alias, version } of aliases)
    await remember(change, { model: row.number, version, kind: 'alias_removed', key: alias, before: String(version) })
  await kysely.deleteFrom('model_aliases').where('model', '=', row.number).execute()
  await kysely
    .updateTable('model_versions')
    .set({ deleted_at: change.atMs })
    .where('model', '=', row.number)
    .where('deleted_at', 'is', null)
    .execute()
  await kysely.updateTable('registered_models').set({ deleted_at: change.atMs }).where('number', '=', row.number).execute()
  await remember(change, { model: row.number, kind: 'model_deleted', before: row.name })
}

export async function touchModel({ transaction, atMs }: Change, model: number): Promise<void> {
  await transaction.kysely.updateTable('registered_models').set({ updated_at: atMs }).where('number', '=', model).execute()
}
