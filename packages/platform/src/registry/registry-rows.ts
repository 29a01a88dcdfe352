import { AppError } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'
import type { ModelName, VersionName } from './registry.ts'

/** The live row of a model, by name. */
export interface ModelRow {
  number: number
  name: string
  description: string | null
  next_version: number
}

/** The live row of a version, by name and number. */
export interface VersionRow {
  number: number
  model: number
  version: number
  stage: string
  status: string
  status_message: string | null
  description: string | null
}

export const noModel = ({ project, name }: ModelName): AppError =>
  new AppError('not_found', `There is no registered model '${name}' in project ${project}.`, {
    details: { record: 'model', project, name },
  })

export const noVersion = ({ project, name, version }: VersionName): AppError =>
  new AppError('not_found', `There is no version ${version} of the model '${name}' in project ${project}.`, {
    details: { record: 'version', project, name, version },
  })

export const noAlias = ({ project, name }: ModelName, alias: string): AppError =>
  new AppError('not_found', `The model '${name}' in project ${project} has no alias '${alias}'.`, {
    details: { record: 'alias', project, name, alias },
  })

export const findModelRow = ({ kysely }: Reader, model: ModelName): Promise<ModelRow | undefined> =>
  kysely
    .selectFrom('registered_models as m')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select(['m.number', 'm.name', 'm.description', 'm.next_version'])
    .where('p.name', '=', model.project)
    .where('m.name', '=', model.name)
    .where('m.deleted_at', 'is', null)
    .executeTakeFirst()

export async function getModelRow(reader: Reader, model: ModelName): Promise<ModelRow> {
  const row = await findModelRow(reader, model)
  if (!row) throw noModel(model)
  return row
}

/** Undefined also when there is no such model. */
export const findVersionRow = ({ kysely }: Reader, { project, name, version }: VersionName): Promise<VersionRow | undefined> =>
  kysely
    .selectFrom('model_versions as v')
    .innerJoin('registered_models as m', 'm.number', 'v.model')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select(['v.number', 'v.model', 'v.version', 'v.stage', 'v.status', 'v.status_message', 'v.description'])
    .where('p.name', '=', project)
    .where('m.name', '=', name)
    .where('m.deleted_at', 'is', null)
    .where('v.version', '=', version)
    .where('v.deleted_at', 'is', null)
    .executeTakeFirst()

export async function getVersionRow(reader: Reader, version: VersionName): Promise<VersionRow> {
  const row = await findVersionRow(reader, version)
  if (!row) throw noVersion(version)
  return row
}
