import type { Reader } from '../database/index.ts'
import type { WebhookEvent } from './webhooks.ts'

const promptTag = 'mlflow.prompt.is_prompt'

/** One change of the registry, as it was noted. */
export interface RegistryRow {
  model: number
  version: number | null
  kind: string
  key: string | null
  after: string | null
}

type Payload = Record<string, unknown>

/** What webhooks are told of a change; undefined for changes none of them can ask for. */
export async function describe(reader: Reader, row: RegistryRow): Promise<{ event: WebhookEvent; data: Payload } | undefined> {
  const events = eventNames[row.kind]?.(row)
  if (!events) return undefined
  const { kysely } = reader
  const model = await kysely
    .selectFrom('registered_models')
    .select(['name', 'description'])
    .where('number', '=', row.model)
    .executeTakeFirst()
  if (!model) return undefined
  const tags = await tagsOf(reader, row)
  const isPrompt = tags.model[promptTag] === 'true'
  const event = isPrompt ? events.prompt : events.model
  if (event === undefined) return undefined
  const name = { name: model.name }
  const version = row.version === null ? {} : { version: String(row.version) }
  switch (row.kind) {
    case 'model_created':
      return { event, data: { ...name, tags: visible(tags.model), description: model.description } }
    case 'version_created':
      return { event, data: { ...name, ...version, ...(await versionData(reader, row, isPrompt, tags.version)) } }
    case 'tag_set':
      return { event, data: { ...name, ...version, key: row.key, value: row.after } }
    case 'tag_removed':
      return { event, data: { ...name, ...version, key: row.key } }
    case 'alias_set':
      return { event, data: { ...name, alias: row.key, ...version } }
    default:
      return { event, data: { ...name, alias: row.key } }
  }
}

type Names = { model?: WebhookEvent; prompt?: WebhookEvent }

const eventNames: Readonly<Record<string, (row: RegistryRow) => Names>> = {
  model_created: () => ({ model: 'registered_model.created', prompt: 'prompt.created' }),
  version_created: () => ({ model: 'model_version.created', prompt: 'prompt_version.created' }),
  tag_set: ({ version }) =>
    version === null ? { prompt: 'prompt_tag.set' } : { model: 'model_version_tag.set', prompt: 'prompt_version_tag.set' },
  tag_removed: ({ version }) =>
    version === null
      ? { prompt: 'prompt_tag.deleted' }
      : { model: 'model_version_tag.deleted', prompt: 'prompt_version_tag.deleted' },
  alias_set: () => ({ model: 'model_version_alias.created', prompt: 'prompt_alias.created' }),
  alias_removed: () => ({ model: 'model_version_alias.deleted', prompt: 'prompt_alias.deleted' }),
}

const visible = (tags: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key !== promptTag))

async function tagsOf({ kysely }: Reader, row: RegistryRow) {
  const model = await kysely.selectFrom('registered_model_tags').select(['key', 'value']).where('model', '=', row.model).execute()
  const version =
    row.version === null
      ? []
      : await kysely
          .selectFrom('model_version_tags as t')
          .innerJoin('model_versions as v', 'v.number', 't.version')
          .select(['t.key', 't.value'])
          .where('v.model', '=', row.model)
          .where('v.version', '=', row.version)
          .execute()
  const toMap = (rows: readonly { key: string; value: string }[]) =>
    Object.fromEntries(rows.map(({ key, value }) => [key, value]))
  return { model: toMap(model), version: toMap(version) }
}

async function versionData(
  { kysely }: Reader,
  row: RegistryRow,
  isPrompt: boolean,
  tags: Record<string, string>,
): Promise<Payload> {
  const version = await kysely
    .selectFrom('model_versions')
    .select(['source', 'run_id', 'description'])
    .where('model', '=', row.model)
    .where('version', '=', row.version)
    .executeTakeFirst()
  const { 'mlflow.prompt.text': template = '', ...others } = visible(tags)
  const described = { description: version?.description ?? null }
  return isPrompt
    ? { template, tags: others, ...described }
    : { source: version?.source ?? row.after, run_id: version?.run_id ?? null, tags, ...described }
}

/** What a test sends. */
export function exampleOf(event: WebhookEvent): Payload {
  const name = { name: event.startsWith('prompt') ? 'example_prompt' : 'example_model' }
  const tags = { tags: { example_key: 'example_value' }, description: 'An example' }
  const [what = '', happened] = event.split('.')
  if (what.endsWith('_alias')) return { ...name, alias: 'example_alias', ...(happened === 'created' ? { version: '1' } : {}) }
  if (what.endsWith('_tag')) {
    const version = what === 'prompt_tag' ? {} : { version: '1' }
    return { ...name, ...version, key: 'example_key', ...(happened === 'set' ? { value: 'example_value' } : {}) }
  }
  if (what === 'model_version') return { ...name, version: '1', source: 'models:/123', run_id: 'abcd1234abcd5678', ...tags }
  return what === 'prompt_version' ? { ...name, version: '1', template: 'Hello {{name}}!', ...tags } : { ...name, ...tags }
}
