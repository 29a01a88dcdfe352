import { AppError } from '@trainyard/contract'
import type { NewVersion, VersionName, VersionStatus } from './registry.ts'
import { removeAliasesOf, setAlias } from './alias-change.ts'
import { createModel, touchModel } from './model-change.ts'
import { parseModelReference } from './model-reference.ts'
import { type Change, remember } from './registry-events.ts'
import { loadVersion } from './registry-loading.ts'
import { checkDescription, refused } from './registry-names.ts'
import { findModelRow, getVersionRow, noModel, type VersionRow } from './registry-rows.ts'
import { archivedStage, canonicalStage, firstStage } from './stage-names.ts'
import { changeVersionTags, checkTags } from './tag-change.ts'

/** The integer key of the new version. */
export async function createVersion(change: Change, version: NewVersion, makeModel: boolean): Promise<number> {
  checkDescription(version.description ?? null)
  checkTags(version.tags ?? {})
  if (version.source === '') throw refused('version', 'The source of the version is empty; say where its bytes lie.')
  const { transaction, atMs, origin } = change
  const { kysely } = transaction
  const origins = await originsOf(change, version)
  const model = await modelFor(change, version, makeModel)
  const { next_version: number } = await kysely
    .updateTable('registered_models')
    .set((expression) => ({ next_version: expression('next_version', '+', 1), updated_at: atMs }))
    .where('number', '=', model)
    .returning('next_version')
    .executeTakeFirstOrThrow()
  const row = { model, version: number - 1 }
  const added = await kysely
    .insertInto('model_versions')
    .values({
      ...row,
      ...origins,
      run_link: version.runLink ?? null,
      description: version.description ?? null,
      stage: firstStage,
      status: version.status ?? 'ready',
      status_message: null,
      created_at: atMs,
      updated_at: atMs,
      created_by: origin.by,
      deleted_at: null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await remember(change, { ...row, kind: 'version_created', after: version.source })
  const part: Change = { ...change, isPart: true }
  if (version.description !== undefined) await remember(part, { ...row, kind: 'description_changed', after: version.description })
  await changeVersionTags(part, { ...row, number: added.number }, version.tags ?? {})
  const name = { project: version.project, name: version.name, version: row.version }
  for (const alias of version.aliases ?? []) await setAlias(change, name, alias)
  if (version.stage !== undefined) await takeOver(change, name, version.stage)
  return added.number
}

async function takeOver(change: Change, name: VersionName, typed: string): Promise<void> {
  const to = await canonicalStage(change.transaction, name.project, typed)
  await transitionVersion(change, name, { to, archiveOthers: to !== firstStage && to !== archivedStage })
}

async function modelFor(change: Change, version: NewVersion, makeModel: boolean): Promise<number> {
  const { project, name } = version
  const row = await findModelRow(change.transaction, { project, name })
  if (row) return row.number
  if (!makeModel) throw noModel({ project, name })
  return await createModel(change, { project, name })
}

/** What the version came from. A copy of another version has that one's bytes, run and artifact. */
async function originsOf({ transaction }: Change, version: NewVersion) {
  const given = {
    source: version.source,
    location: version.location ?? version.source,
    run_id: version.runId ?? null,
    artifact_id: version.artifactId ?? null,
    logged_model_id: version.loggedModelId ?? null,
  }
  if (version.location !== undefined || !version.source.startsWith('models:')) return given
  const reference = parseModelReference(version.source)
  if (reference.version === undefined)
    throw refused('version', `The source '${version.source.slice(0, 200)}' must name a version, as models:/name/3 does.`)
  const { name } = reference
  const copied = await getVersionRow(transaction, { project: version.project, name, version: reference.version })
  const original = await loadVersion(transaction, copied.number)
  return {
    ...given,
    location: original.location,
    run_id: given.run_id ?? original.runId,
    artifact_id: given.artifact_id ?? original.artifactId,
    logged_model_id: given.logged_model_id ?? original.loggedModelId,
  }
}

export async function describeVersion(change: Change, version: VersionName, description: string | null): Promise<number> {
  checkDescription(description)
  const row = await getVersionRow(change.transaction, version)
  await update(change, row, { description })
  if (row.description !== description)
    await remember(change, { ...nameOf(row), kind: 'description_changed', before: row.description, after: description })
  return row.number
}

export async function setVersionStatus(
  change: Change,
  version: VersionName,
  status: VersionStatus,
  message: string | null,
): Promise<number> {
  const row = await getVersionRow(change.transaction, version)
  await update(change, row, { status, status_message: message })
  if (row.status !== status) await remember(change, { ...nameOf(row), kind: 'status_changed', before: row.status, after: status })
  return row.number
}

export async function transitionVersion(
  change: Change,
  version: VersionName,
  { to, archiveOthers = false }: { to: string; archiveOthers?: boolean },
): Promise<number> {
  const { transaction } = change
  const stage = await canonicalStage(transaction, version.project, to)
  if (archiveOthers && (stage === firstStage || stage === archivedStage))
    throw new AppError(
      'invalid_argument',
      `Other versions can only be archived when one takes over a stage; ${stage} is none to take over.`,
      {
        details: { record: 'stage', rule: 'not_active', stage },
      },
    )
  const row = await getVersionRow(transaction, version)
  if (archiveOthers) {
    const others = await transaction.kysely
      .selectFrom('model_versions')
      .select(['number', 'model', 'version', 'stage'])
      .where('model', '=', row.model)
      .where('stage', '=', stage)
      .where('deleted_at', 'is', null)
      .where('number', '!=', row.number)
      .orderBy('version')
      .execute()
    for (const other of others) await moveTo(change, other, archivedStage)
  }
  await moveTo(change, row, stage)
  await touchModel(change, row.model)
  return row.number
}

async function moveTo(
  change: Change,
  row: Pick<VersionRow, 'number' | 'model' | 'version' | 'stage'>,
  stage: string,
): Promise<void> {
  await update(change, row, { stage })
  if (row.stage !== stage) await remember(change, { ...nameOf(row), kind: 'stage_changed', before: row.stage, after: stage })
}

export async function deleteVersion(change: Change, version: VersionName): Promise<void> {
  const row = await getVersionRow(change.transaction, version)
  await removeAliasesOf(change, row)
  await update(change, row, { deleted_at: change.atMs })
  await touchModel(change, row.model)
  await remember(change, { ...nameOf(row), kind: 'version_deleted', before: row.stage })
}

const nameOf = ({ model, version }: Pick<VersionRow, 'model' | 'version'>) => ({ model, version })

async function update(
  { transaction, atMs }: Change,
  row: { number: number },
  values: { description?: string | null; status?: string; status_message?: string | null; stage?: string; deleted_at?: number },
): Promise<void> {
  await transaction.kysely
    .updateTable('model_versions')
    .set({ ...values, updated_at: atMs })
    .where('number', '=', row.number)
    .execute()
}
