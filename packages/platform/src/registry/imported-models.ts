import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../database/index.ts'
import { removeAlias, setAlias } from './alias-change.ts'
import { createModel } from './model-change.ts'
import type { ChangeOrigin, ModelName, VersionStatus } from './registry.ts'
import { type Change, changeOf, remember } from './registry-events.ts'
import { checkDescription, plainText } from './registry-names.ts'
import { findModelRow, findVersionRow, getModelRow } from './registry-rows.ts'
import { addStage, firstStage } from './stage-names.ts'
import { changeModelTags, changeVersionTags, checkTags } from './tag-change.ts'

export interface ImportedVersion {
  version: number
  source: string
  location: string
  runId: string | null
  runLink: string | null
  loggedModelId: string | null
  description: string | null
  stage: string
  status: VersionStatus
  statusMessage: string | null
  createdAtMs: number
  updatedAtMs: number
  createdBy: string
  tags: Record<string, string>
}

export interface ImportedModel extends ModelName {
  description: string | null
  createdAtMs: number
  updatedAtMs: number
  tags: Record<string, string>
  aliases: Record<string, number>
  versions: readonly ImportedVersion[]
  /** Tags and aliases that were taken before and are gone there now. */
  removedTags: readonly string[]
  removedAliases: readonly string[]
}

export interface ImportedModels {
  /**
   * Makes the model with all its versions under their numbers, or brings the one of that name up to date, in one transaction. Its
   * history says when things were made there; a stage or an alias is as old as the last change of its version. A version that is
   * something else here, or was deleted here, stays as it is and is told in `differences`.
   */
  take(given: ImportedModel, origin: ChangeOrigin): Promise<{ made: boolean; versionsMade: number; differences: string[] }>
  has(model: ModelName): Promise<boolean>
  /** How many of its versions are not here. */
  missing(given: { project: string; name: string; versions: readonly { version: number }[] }): Promise<number>
}

export function createImportedModels(database: Database, options: { clock?: Clock } = {}): ImportedModels {
  const { clock = systemClock } = options
  return {
    take: (given, origin) => database.write((transaction) => takeModel(changeOf(transaction, origin, clock), given)),
    has: (model) => database.read(async (reader) => (await findModelRow(reader, model)) !== undefined),
    missing: ({ project, name, versions }) =>
      database.read(async (reader) => {
        let missing = 0
        for (const { version } of versions) if (!(await findVersionRow(reader, { project, name, version }))) missing++
        return missing
      }),
  }
}

/** The same change, told of another moment and perhaps another person. */
const at = (change: Change, atMs: number, by?: string): Change => ({
  ...change,
  atMs,
  origin: by === undefined ? change.origin : { ...change.origin, by },
})

async function takeModel(change: Change, given: ImportedModel) {
  const { transaction } = change
  checkTags(given.tags)
  const known = await findModelRow(transaction, given)
  const model = known?.number ?? (await createModel(at(change, given.createdAtMs), { project: given.project, name: given.name }))
  const differences: string[] = []
  let versionsMade = 0
  for (const version of given.versions.toSorted((left, right) => left.version - right.version)) {
    const problem = await takeVersion(change, { model, project: given.project }, version)
    if (problem === 'made') versionsMade++
    else if (problem !== undefined) differences.push(problem)
  }
  const late = at(change, given.updatedAtMs)
  const removed = Object.fromEntries(given.removedTags.map((key) => [key, null]))
  await changeModelTags(late, model, { ...removed, ...given.tags })
  differences.push(...(await takeAliases(late, given)))
  await describe(late, given)
  return { made: known === undefined, versionsMade, differences }
}

async function describe(change: Change, given: ImportedModel): Promise<void> {
  checkDescription(given.description)
  const row = await getModelRow(change.transaction, given)
  if (row.description !== given.description)
    await remember(change, { model: row.number, kind: 'description_changed', before: row.description, after: given.description })
  await change.transaction.kysely
    .updateTable('registered_models')
    .set({ description: given.description, updated_at: given.updatedAtMs })
    .where('number', '=', row.number)
    .execute()
}

async function takeAliases(change: Change, given: ImportedModel): Promise<string[]> {
  const differences: string[] = []
  for (const alias of given.removedAliases) await removeAlias(change, given, alias)
  for (const [alias, version] of Object.entries(given.aliases)) {
    if (given.versions.some((each) => each.version === version))
      await setAlias(change, { project: given.project, name: given.name, version }, alias)
    else differences.push(`alias '${alias}' is on version ${version}, which is not there`)
  }
  return differences
}

/** `made`, or what is in the way; undefined when the version was here already and is up to date now. */
async function takeVersion(
  change: Change,
  owner: { model: number; project: string },
  given: ImportedVersion,
): Promise<string | undefined> {
  checkDescription(given.description)
  checkTags(given.tags)
  const { transaction } = change
  const { kysely } = transaction
  const stored = await kysely
    .selectFrom('model_versions')
    .selectAll()
    .where('model', '=', owner.model)
    .where('version', '=', given.version)
    .executeTakeFirst()
  if (stored?.deleted_at != null) return `version ${given.version} was deleted here`
  if (stored && plainText(stored.source) !== plainText(given.source))
    return `version ${given.version} is from ${stored.source} here and from ${given.source} there`
  const number = stored?.number ?? (await insertVersion(at(change, given.createdAtMs, given.createdBy), owner.model, given))
  const row = { number, model: owner.model, version: given.version }
  const late = at(change, given.updatedAtMs)
  const stage = await addStage(late, owner.project, given.stage)
  const before = stored?.stage ?? firstStage
  if (before !== stage) await remember(late, { ...withoutNumber(row), kind: 'stage_changed', before, after: stage })
  const described = stored?.description ?? null
  if (described !== given.description)
    await remember(late, { ...withoutNumber(row), kind: 'description_changed', before: described, after: given.description })
  await changeVersionTags(late, row, given.tags)
  await kysely
    .updateTable('model_versions')
    .set({
      stage,
      description: given.description,
      location: given.location,
      status: given.status,
      status_message: given.statusMessage,
      updated_at: given.updatedAtMs,
    })
    .where('number', '=', number)
    .execute()
  return stored ? undefined : 'made'
}

const withoutNumber = ({ model, version }: { model: number; version: number }) => ({ model, version })

async function insertVersion(change: Change, model: number, given: ImportedVersion): Promise<number> {
  const { kysely } = change.transaction
  const { number } = await kysely
    .insertInto('model_versions')
    .values({
      model,
      version: given.version,
      source: given.source,
      location: given.location,
      run_id: given.runId,
      run_link: given.runLink,
      artifact_id: null,
      logged_model_id: given.loggedModelId,
      description: null,
      stage: firstStage,
      status: given.status,
      status_message: given.statusMessage,
      created_at: given.createdAtMs,
      updated_at: given.updatedAtMs,
      created_by: given.createdBy,
      deleted_at: null,
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await kysely
    .updateTable('registered_models')
    .set({ next_version: given.version + 1 })
    .where('number', '=', model)
    .where('next_version', '<=', given.version)
    .execute()
  await remember(change, { model, version: given.version, kind: 'version_created', after: given.source })
  return number
}
