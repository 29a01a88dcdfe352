import type { Reader } from '../database/index.ts'
import { asItWas, type ModelAsItWas, type RegistryRow } from './as-it-was.ts'
import type { WebhookEvent } from './webhooks.ts'

const promptTag = 'mlflow.prompt.is_prompt'

type Payload = Record<string, unknown>

/** What webhooks are told of a change; undefined for changes none of them can ask for. */
export async function describe(reader: Reader, row: RegistryRow): Promise<{ event: WebhookEvent; data: Payload } | undefined> {
  const events = eventNames[row.kind]?.(row)
  if (!events) return undefined
  const model = await asItWas(reader, row)
  if (!model) return undefined
  const isPrompt = model.tags.get(promptTag) === 'true'
  const event = isPrompt ? events.prompt : events.model
  if (event === undefined) return undefined
  const name = { name: model.name }
  const version = row.version === null ? {} : { version: String(row.version) }
  switch (row.kind) {
    case 'model_created':
      return { event, data: { ...name, tags: visible(model.tags), description: model.description } }
    case 'version_created':
      return { event, data: { ...name, ...version, ...versionData(row, model, isPrompt) } }
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

const visible = (tags: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...tags].filter(([key]) => key !== promptTag))

function versionData(row: RegistryRow, { version }: ModelAsItWas, isPrompt: boolean): Payload {
  const tags = version ? visible(version.tags) : {}
  const described = { description: version?.description ?? null }
  if (!isPrompt) return { source: version?.source ?? row.after, run_id: version?.runId ?? null, tags, ...described }
  const { 'mlflow.prompt.text': template = '', ...others } = tags
  return { template, tags: others, ...described }
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
