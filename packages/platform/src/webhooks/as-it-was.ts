import type { Reader } from '../database/index.ts'

/** One change of the registry, as it was noted. */
export interface RegistryRow {
  number: number
  model: number
  /** The version's number within its model; null when the model itself changed. */
  version: number | null
  kind: string
  key: string | null
  after: string | null
}

interface Described {
  description: string | null
  tags: Map<string, string>
}

export interface ModelAsItWas extends Described {
  name: string
  version: (Described & { source: string; runId: string | null }) | undefined
}

/**
 * The model, and the version that the change is of, right after it: what was changed since is taken back, as the message of it
 * may come first. Undefined where the model is gone.
 */
export async function asItWas(reader: Reader, change: RegistryRow): Promise<ModelAsItWas | undefined> {
  const was = await asItIs(reader, change)
  if (!was) return undefined
  // What is of the making of a record has been told of from the first; every other later change has not.
  const later = await reader.kysely
    .selectFrom('registry_events')
    .select(['version', 'kind', 'key', 'before'])
    .where('model', '=', change.model)
    .where('number', '>', change.number)
    .where('told_at', 'is', null)
    .orderBy('number', 'desc')
    .execute()
  for (const { version, kind, key, before } of later) {
    if (kind === 'model_renamed' && before !== null) was.name = before
    const changed = version === null ? was : version === change.version ? was.version : undefined
    if (changed && kind === 'description_changed') changed.description = before
    if (!changed || key === null || !kind.startsWith('tag_')) continue
    if (before === null) changed.tags.delete(key)
    else changed.tags.set(key, before)
  }
  return was
}

async function asItIs({ kysely }: Reader, { model: number, version }: RegistryRow): Promise<ModelAsItWas | undefined> {
  const model = await kysely
    .selectFrom('registered_models')
    .select(['name', 'description'])
    .where('number', '=', number)
    .executeTakeFirst()
  if (!model) return undefined
  const tags = await kysely.selectFrom('registered_model_tags').select(['key', 'value']).where('model', '=', number).execute()
  return { ...model, tags: toMap(tags), version: version === null ? undefined : await versionAsItIs() }

  async function versionAsItIs(): Promise<ModelAsItWas['version']> {
    const found = await kysely
      .selectFrom('model_versions')
      .select(['number', 'source', 'run_id as runId', 'description'])
      .where('model', '=', number)
      .where('version', '=', version)
      .executeTakeFirst()
    if (!found) return undefined
    const { number: ofVersion, ...described } = found
    const rows = await kysely.selectFrom('model_version_tags').select(['key', 'value']).where('version', '=', ofVersion).execute()
    return { ...described, tags: toMap(rows) }
  }
}

const toMap = (rows: readonly { key: string; value: string }[]) => new Map(rows.map(({ key, value }) => [key, value]))
