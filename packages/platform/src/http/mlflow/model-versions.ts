import { checkVersionSource, type ModelName, type ModelVersion, parseModelReference } from '../../registry/index.ts'
import { invalid } from './errors.ts'
import { answering, originOf, type RegistryContext, userTag } from './registry-context.ts'
import { parseVersionFilter, parseVersionOrder } from './registry-filter.ts'
import { fromTags, toModelVersion, versionNumber } from './registry-view.ts'
import { type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { checkLimit } from './validation.ts'
import { boolean, idText, integer, list, message, required, text } from './wire.ts'

const tag = message({ key: text, value: text })
const named = { name: text, version: idText }
const mostVersions = 200_000

const nameOf = (project: string, given: { name?: string; version?: string }) => ({
  project,
  name: required(given.name, 'name'),
  version: versionNumber(given.version),
})

/** `model-versions/…`: versions, where they came from, and their stages. */
export const modelVersionRoutes = (context: RegistryContext): readonly Route[] => [
  route(
    'POST',
    'model-versions/create',
    message({
      name: text,
      source: text,
      run_id: text,
      tags: list(tag),
      run_link: text,
      description: text,
      model_id: text,
    }),
    (_, { name, source, run_id, tags, run_link, description, model_id }, call) =>
      answering(async () => {
        const model = { project: call.project, name: required(name, 'name') }
        const given = fromTags(tags)
        const origins = await originsOf(context, required(source, 'source'), { runId: run_id, loggedModelId: model_id })
        const created = await context.registry.versions.create(
          {
            ...model,
            ...origins,
            tags: given,
            ...(run_link ? { runLink: run_link } : {}),
            ...(description ? { description } : {}),
          },
          originOf(call, given[userTag] ?? (run_id ? await context.lineage.ownerOf(run_id) : undefined)),
        )
        await noteRegistration(context, model, created)
        return { model_version: toModelVersion(created) }
      }),
  ),
  route('GET', 'model-versions/get', message(named), (_, given, { project }) =>
    answering(async () => {
      const version = await context.registry.versions.get(nameOf(project, given))
      return { model_version: await withLoggedModel(context, version) }
    }),
  ),
  route('PATCH', 'model-versions/update', message({ ...named, description: text }), (_, { description, ...given }, call) =>
    answering(async () => {
      const version = nameOf(call.project, given)
      const changed = await context.registry.versions.describe(version, description ?? null, originOf(call))
      return { model_version: toModelVersion(changed) }
    }),
  ),
  route('DELETE', 'model-versions/delete', message(named), (_, given, call) =>
    answering(async () => {
      await context.registry.versions.delete(nameOf(call.project, given), originOf(call))
      return {}
    }),
  ),
  route(
    'POST',
    'model-versions/transition-stage',
    message({ ...named, stage: text, archive_existing_versions: boolean }),
    (_, { stage, archive_existing_versions: archiveOthers = false, ...given }, call) =>
      answering(async () => {
        const version = nameOf(call.project, given)
        const change = { to: required(stage, 'stage'), archiveOthers }
        return { model_version: toModelVersion(await context.registry.versions.transition(version, change, originOf(call))) }
      }),
  ),
  route('GET', 'model-versions/get-download-uri', message(named), (_, given, { project }) =>
    answering(async () => {
      const version = await context.registry.versions.get(nameOf(project, given))
      return { artifact_uri: await context.lineage.downloadUri(version) }
    }),
  ),
  route(
    'GET',
    'model-versions/search',
    message({ filter: text, max_results: integer, order_by: list(text), page_token: text }),
    (_, { filter, max_results, order_by, page_token }, { project }) =>
      answering(async () => {
        const { versions, next } = await context.registry.versions.search({
          project,
          clauses: parseVersionFilter(filter ?? ''),
          sort: parseVersionOrder(order_by ?? []),
          limit: checkLimit(max_results ?? mostVersions, mostVersions),
          ...(page_token ? { cursor: page_token } : {}),
        })
        return { model_versions: present(versions.map(toModelVersion)), next_page_token: next ?? undefined }
      }),
  ),
  route('POST', 'model-versions/set-tag', message({ ...named, key: text, value: text }), (_, { key, value, ...given }, call) =>
    answering(async () => {
      const version = nameOf(call.project, given)
      await context.registry.versions.setTags(version, { [required(key, 'key')]: value ?? '' }, originOf(call))
      return {}
    }),
  ),
  route('DELETE', 'model-versions/delete-tag', message({ ...named, key: text }), (_, { key, ...given }, call) =>
    answering(async () => {
      const version = nameOf(call.project, given)
      await context.registry.versions.setTags(version, { [required(key, 'key')]: null }, originOf(call))
      return {}
    }),
  ),
]

interface Origins {
  source: string
  location?: string
  runId?: string
  loggedModelId?: string
}

/** `models:/m-…` names a logged model; a registered version has a second part. */
const loggedModelSource = /^models:\/*([^/@]+)$/

/** What a version may come from, and where the bytes of that lie. */
async function originsOf(
  { lineage }: RegistryContext,
  source: string,
  given: { runId: string | undefined; loggedModelId: string | undefined },
): Promise<Origins> {
  const of = {
    ...(given.runId ? { runId: given.runId } : {}),
    ...(given.loggedModelId ? { loggedModelId: given.loggedModelId } : {}),
  }
  await checkVersionSource(source, { localFolders: await lineage.localFoldersOf(of) })
  const modelId = loggedModelSource.exec(source)?.[1]
  if (modelId === undefined) {
    // A registered version as the source is looked up by the registry, in the transaction that makes the copy.
    if (source.startsWith('models:')) parseModelReference(source)
    return { source, ...of }
  }
  if (of.loggedModelId !== undefined && of.loggedModelId !== modelId)
    throw invalid(`Invalid model version source: '${source}'. It names another logged model than the parameter model_id.`)
  const model = await lineage.loggedModel(modelId)
  if (!model) throw invalid(`Invalid model version source: '${source}'. There is no logged model with the id '${modelId}'.`)
  const runId = of.runId ?? model.sourceRunId
  return { source, location: model.artifactUri, loggedModelId: modelId, ...(runId ? { runId } : {}) }
}

async function noteRegistration({ lineage }: RegistryContext, { name }: ModelName, created: ModelVersion): Promise<void> {
  if (created.loggedModelId !== null) await lineage.noteRegistration(created.loggedModelId, { name, version: created.version })
}

async function withLoggedModel({ lineage }: RegistryContext, version: ModelVersion): Promise<object> {
  const model = version.loggedModelId === null ? undefined : await lineage.loggedModel(version.loggedModelId)
  if (!model) return toModelVersion(version)
  return { ...toModelVersion(version), model_params: present(model.params), model_metrics: present(model.metrics) }
}
