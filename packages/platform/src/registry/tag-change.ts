import { type Change, remember } from './registry-events.ts'
import { checkTag } from './registry-names.ts'

export function checkTags(tags: Readonly<Record<string, string | null>>): void {
  for (const [key, value] of Object.entries(tags)) checkTag(key, value)
}

/** Adds, replaces and (with `null`) removes tags of a model. */
export async function changeModelTags(
  change: Change,
  model: number,
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { kysely } = change.transaction
  for (const [key, after] of Object.entries(tags)) {
    const of = kysely.selectFrom('registered_model_tags').select('value').where('model', '=', model).where('key', '=', key)
    const before = (await of.executeTakeFirst())?.value ?? null
    if (before === after) continue
    if (after === null)
      await kysely.deleteFrom('registered_model_tags').where('model', '=', model).where('key', '=', key).execute()
    else
      await kysely
        .insertInto('registered_model_tags')
        .values({ model, key, value: after })
        .onConflict((conflict) => conflict.columns(['model', 'key']).doUpdateSet({ value: after }))
        .execute()
    await remember(change, { model, kind: after === null ? 'tag_removed' : 'tag_set', key, before, after })
  }
}

/** As `changeModelTags`, for a version. */
export async function changeVersionTags(
  change: Change,
  row: { number: number; model: number; version: number },
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { kysely } = change.transaction
  const version = row.number
  for (const [key, after] of Object.entries(tags)) {
    const of = kysely.selectFrom('model_version_tags').select('value').where('version', '=', version).where('key', '=', key)
    const before = (await of.executeTakeFirst())?.value ?? null
    if (before === after) continue
    if (after === null)
      await kysely.deleteFrom('model_version_tags').where('version', '=', version).where('key', '=', key).execute()
    else
      await kysely
        .insertInto('model_version_tags')
        .values({ version, key, value: after })
        .onConflict((conflict) => conflict.columns(['version', 'key']).doUpdateSet({ value: after }))
        .execute()
    const kind = after === null ? 'tag_removed' : 'tag_set'
    await remember(change, { model: row.model, version: row.version, kind, key, before, after })
  }
}
