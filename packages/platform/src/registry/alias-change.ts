import type { Reader } from '../database/index.ts'
import type { ModelName, VersionName } from './registry.ts'
import { type Change, remember } from './registry-events.ts'
import { checkAlias } from './registry-names.ts'
import { getModelRow, getVersionRow, type ModelRow, noAlias } from './registry-rows.ts'

interface PointedAt {
  number: number
  version: number
}

const findAlias = ({ kysely }: Reader, model: number, alias: string): Promise<PointedAt | undefined> =>
  kysely
    .selectFrom('model_aliases as a')
    .innerJoin('model_versions as v', 'v.number', 'a.version')
    .select(['v.number', 'v.version'])
    .where('a.model', '=', model)
    .where('a.alias', '=', alias)
    .executeTakeFirst()

export async function setAlias(change: Change, version: VersionName, alias: string): Promise<void> {
  checkAlias(alias)
  const { transaction } = change
  const row = await getVersionRow(transaction, version)
  const before = await findAlias(transaction, row.model, alias)
  if (before?.version === row.version) return
  await transaction.kysely
    .insertInto('model_aliases')
    .values({ model: row.model, alias, version: row.number })
    .onConflict((conflict) => conflict.columns(['model', 'alias']).doUpdateSet({ version: row.number }))
    .execute()
  await remember(change, {
    model: row.model,
    version: row.version,
    kind: 'alias_set',
    key: alias,
    before: before === undefined ? null : String(before.version),
    after: String(row.version),
  })
}

export async function removeAlias(change: Change, model: ModelName, alias: string): Promise<void> {
  const { transaction } = change
  const row = await getModelRow(transaction, model)
  const before = await findAlias(transaction, row.number, alias)
  if (before) await forgetAlias(change, row.number, alias, before)
}

/** All aliases of a version that is about to go. */
export async function removeAliasesOf(change: Change, version: PointedAt & { model: number }): Promise<void> {
  const aliases = await change.transaction.kysely
    .selectFrom('model_aliases')
    .select('alias')
    .where('version', '=', version.number)
    .execute()
  for (const { alias } of aliases) await forgetAlias(change, version.model, alias, version)
}

async function forgetAlias(change: Change, model: number, alias: string, { version }: PointedAt): Promise<void> {
  await change.transaction.kysely.deleteFrom('model_aliases').where('model', '=', model).where('alias', '=', alias).execute()
  await remember(change, { model, version, kind: 'alias_removed', key: alias, before: String(version) })
}

/** The integer key of the version an alias points at; `latest` is the newest. */
export async function versionOfAlias(reader: Reader, model: ModelName, alias: string): Promise<number> {
  const row = await getModelRow(reader, model)
  const found = alias.toLowerCase() === 'latest' ? await newestVersion(reader, row) : await findAlias(reader, row.number, alias)
  if (!found) throw noAlias(model, alias)
  return found.number
}

const newestVersion = ({ kysely }: Reader, model: ModelRow): Promise<PointedAt | undefined> =>
  kysely
    .selectFrom('model_versions')
    .select(['number', 'version'])
    .where('model', '=', model.number)
    .where('deleted_at', 'is', null)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
