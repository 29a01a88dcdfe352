import { isAppError } from '@trainyard/contract'
import { MlflowError } from './errors.ts'
import { answering, originOf, type RegistryContext, userTag } from './registry-context.ts'
import { isPrompt, parseModelFilter, parseModelOrder } from './registry-filter.ts'
import { fromTags, toModelVersion, toRegisteredModel, versionNumber } from './registry-view.ts'
import { type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { checkLimit } from './validation.ts'
import { idText, integer, list, message, required, text } from './wire.ts'

const tag = message({ key: text, value: text })
const mostModels = 1_000

/** `registered-models/…`: names, their tags and aliases. */
export const registeredModelRoutes = ({ registry }: RegistryContext): readonly Route[] => [
  route(
    'POST',
    'registered-models/create',
    message({ name: text, tags: list(tag), description: text }),
    (_, { name, tags, description }, call) =>
      answering(async () => {
        const model = { project: call.project, name: required(name, 'name') }
        const given = fromTags(tags)
        try {
          const created = await registry.models.create(
            { ...model, tags: given, ...(description ? { description } : {}) },
            originOf(call, given[userTag]),
          )
          return { registered_model: toRegisteredModel(created) }
        } catch (error) {
          if (!isAppError(error, 'already_exists')) throw error
          const known = await registry.models.find(model)
          if (known === undefined || isPrompt(known.tags) === isPrompt(given)) throw error
          const [wanted, taken] = isPrompt(given) ? ['prompt', 'registered model'] : ['registered model', 'prompt']
          throw new MlflowError(
            'RESOURCE_ALREADY_EXISTS',
            `Tried to create a ${wanted} with name '${model.name}', but the name is already taken by a ${taken}. Registered models and prompts cannot share a name.`,
          )
        }
      }),
  ),
  route('GET', 'registered-models/get', message({ name: text }), (_, { name }, { project }) =>
    answering(async () => ({
      registered_model: toRegisteredModel(await registry.models.get({ project, name: required(name, 'name') })),
    })),
  ),
  route('PATCH', 'registered-models/update', message({ name: text, description: text }), (_, { name, description }, call) =>
    answering(async () => {
      const model = { project: call.project, name: required(name, 'name') }
      const changed = await registry.models.describe(model, description ?? null, originOf(call))
      return { registered_model: toRegisteredModel(changed) }
    }),
  ),
  route('POST', 'registered-models/rename', message({ name: text, new_name: text }), (_, { name, new_name }, call) =>
    answering(async () => {
      const model = { project: call.project, name: required(name, 'name') }
      const renamed = await registry.models.rename(model, required(new_name, 'new_name'), originOf(call))
      return { registered_model: toRegisteredModel(renamed) }
    }),
  ),
  route('DELETE', 'registered-models/delete', message({ name: text }), (_, { name }, call) =>
    answering(async () => {
      await registry.models.delete({ project: call.project, name: required(name, 'name') }, originOf(call))
      return {}
    }),
  ),
  // Clients in R send a POST.
  ...(['GET', 'POST'] as const).map((method) =>
    route(
      method,
      'registered-models/search',
      message({ filter: text, max_results: integer, order_by: list(text), page_token: text }),
      (_, { filter, max_results, order_by, page_token }, { project }) =>
        answering(async () => {
          const { models, next } = await registry.models.search({
            project,
            clauses: parseModelFilter(filter ?? ''),
            sort: parseModelOrder(order_by ?? []),
            limit: checkLimit(max_results ?? 100, mostModels),
            ...(page_token ? { cursor: page_token } : {}),
          })
          return { registered_models: present(models.map(toRegisteredModel)), next_page_token: next ?? undefined }
        }),
    ),
  ),
  ...(['GET', 'POST'] as const).map((method) =>
    route(
      method,
      'registered-models/get-latest-versions',
      message({ name: text, stages: list(text) }),
      (_, { name, stages = [] }, { project }) =>
        answering(async () => {
          const model = { project, name: required(name, 'name') }
          const versions = await registry.versions.latest(model, stages.length === 0 ? undefined : stages)
          return { model_versions: present(versions.map(toModelVersion)) }
        }),
    ),
  ),
  route('POST', 'registered-models/set-tag', message({ name: text, key: text, value: text }), (_, { name, key, value }, call) =>
    answering(async () => {
      const model = { project: call.project, name: required(name, 'name') }
      await registry.models.setTags(model, { [required(key, 'key')]: value ?? '' }, originOf(call))
      return {}
    }),
  ),
  route('DELETE', 'registered-models/delete-tag', message({ name: text, key: text }), (_, { name, key }, call) =>
    answering(async () => {
      const model = { project: call.project, name: required(name, 'name') }
      await registry.models.setTags(model, { [required(key, 'key')]: null }, originOf(call))
      return {}
    }),
  ),
  route(
    'POST',
    'registered-models/alias',
    message({ name: text, alias: text, version: idText }),
    (_, { name, alias, version }, call) =>
      answering(async () => {
        const model = { project: call.project, name: required(name, 'name') }
        const wanted = required(alias, 'alias')
        await registry.models.setAlias({ ...model, version: versionNumber(version) }, wanted, originOf(call))
        return {}
      }),
  ),
  route('DELETE', 'registered-models/alias', message({ name: text, alias: text }), (_, { name, alias }, call) =>
    answering(async () => {
      const model = { project: call.project, name: required(name, 'name') }
      await registry.models.removeAlias(model, required(alias, 'alias'), originOf(call))
      return {}
    }),
  ),
  route('GET', 'registered-models/alias', message({ name: text, alias: text }), (_, { name, alias }, { project }) =>
    answering(async () => {
      const model = { project, name: required(name, 'name') }
      const wanted = required(alias, 'alias')
      const found = await registry.versions.ofAlias(model, wanted).catch((error: unknown) => {
        // Clients of this protocol are told of a missing model as of a missing alias.
        if (!isAppError(error, 'not_found')) throw error
        throw new MlflowError('INVALID_PARAMETER_VALUE', `Registered model alias ${wanted} not found.`)
      })
      return { model_version: toModelVersion(found) }
    }),
  ),
]
