import { AppError } from '@trainyard/contract'
import {
  type ChangeOrigin,
  checkVersionSource,
  type ModelName,
  type ModelVersion,
  parseModelReference,
  type TextCondition,
  type VersionName,
} from '../../registry/index.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { Caller, NativeContext } from './context.ts'
import { compareVersions } from './version-comparison.ts'

export const registryHandlers: SomeHandlers<
  | 'searchModels'
  | 'createModel'
  | 'resolveModel'
  | 'searchVersions'
  | 'getModel'
  | 'changeModel'
  | 'deleteModel'
  | 'getModelHistory'
  | 'getModelAt'
  | 'setAlias'
  | 'removeAlias'
  | 'createVersion'
  | 'getVersion'
  | 'changeVersion'
  | 'promoteVersion'
  | 'deleteVersion'
  | 'compareVersions'
  | 'listStages'
  | 'addStage'
> = {
  searchModels: ({ registry }, { query: { project = usualProject, name, tag = [], ...page } }) =>
    registry.models.search({
      project,
      clauses: [
        ...(name === undefined ? [] : [{ field: 'name', condition: { operator: 'ilike', value: name } } as const]),
        ...tag.map(tagClause),
      ],
      ...page,
    }),
  createModel: async ({ registry }, { body: { project = usualProject, reason, ...model }, caller }) =>
    await registry.models.create({ project, ...model }, originOf(caller, reason)),
  resolveModel: (context, { query: { project = usualProject, text } }) => resolveVersion(context, project, text),
  searchVersions: ({ registry }, { query: { project = usualProject, name, stage, run, tag = [], ...page } }) =>
    registry.versions.search({
      project,
      clauses: [
        ...(name === undefined ? [] : [{ field: 'name', condition: equals(name) } as const]),
        ...(stage === undefined ? [] : [{ field: 'stage', condition: equals(stage) } as const]),
        ...(run === undefined ? [] : [{ field: 'run', condition: equals(run) } as const]),
        ...tag.map(tagClause),
      ],
      ...page,
    }),
  getModel: ({ registry }, call) => registry.models.get(modelOf(call)),
  changeModel: async ({ registry }, call) => {
    const { name, description, tags, reason } = call.body
    const origin = originOf(call.caller, reason)
    let model = modelOf(call)
    await registry.models.get(model)
    if (description !== undefined) await registry.models.describe(model, description, origin)
    if (tags !== undefined) await registry.models.setTags(model, tags, origin)
    if (name !== undefined && name !== model.name) model = await registry.models.rename(model, name, origin)
    return await registry.models.get(model)
  },
  deleteModel: async ({ registry }, call) => {
    await registry.models.delete(modelOf(call), originOf(call.caller, call.query.reason))
    return {}
  },
  getModelHistory: async ({ registry }, call) => {
    const { version } = call.query
    return { events: await registry.history.of(modelOf(call), version === undefined ? {} : { version }) }
  },
  getModelAt: ({ registry }, call) => registry.history.at(modelOf(call), call.query.timeMs),
  setAlias: async ({ registry }, call) => {
    const model = modelOf(call)
    const { version, reason } = call.body
    await registry.models.setAlias({ ...model, version }, call.path.alias, originOf(call.caller, reason))
    return await registry.models.get(model)
  },
  removeAlias: async ({ registry }, call) => {
    const model = modelOf(call)
    await registry.models.removeAlias(model, call.path.alias, originOf(call.caller, call.query.reason))
    return await registry.models.get(model)
  },
  createVersion: async (context, call) => {
    const { artifact, loggedModel, source, reason, ...version } = call.body
    const origins = await originsOf(context, { artifact, loggedModel, source })
    const named = { ...modelOf(call), ...version, ...origins }
    return await context.registry.versions.create(named, originOf(call.caller, reason), { makeModel: true })
  },
  getVersion: ({ registry }, call) => registry.versions.get(versionOf(call)),
  changeVersion: async ({ registry }, call) => {
    const { description, tags, reason } = call.body
    const version = versionOf(call)
    const origin = originOf(call.caller, reason)
    await registry.versions.get(version)
    if (description !== undefined) await registry.versions.describe(version, description, origin)
    if (tags !== undefined) await registry.versions.setTags(version, tags, origin)
    return await registry.versions.get(version)
  },
  promoteVersion: async ({ registry }, call) => {
    const { stage, keep = false, newStage = false, reason } = call.body
    const version = versionOf(call)
    const origin = originOf(call.caller, reason)
    await registry.versions.get(version)
    const to = newStage ? await registry.stages.add(version.project, stage, origin) : stage
    const archiveOthers = !keep && !/^(?:none|archived)$/i.test(to)
    return await registry.versions.transition(version, { to, archiveOthers }, origin)
  },
  deleteVersion: async ({ registry }, call) => {
    await registry.versions.delete(versionOf(call), originOf(call.caller, call.query.reason))
    return {}
  },
  compareVersions: async (context, call) => {
    const model = modelOf(call)
    const versions: ModelVersion[] = []
    for (const version of call.body.versions) versions.push(await context.registry.versions.get({ ...model, version }))
    return { versions, sections: await compareVersions(context.tracking, versions) }
  },
  listStages: async ({ registry }, { query }) => ({ stages: await registry.stages.list(query.project ?? usualProject) }),
  addStage: async ({ registry }, { body: { project = usualProject, name, reason }, caller }) => ({
    stage: await registry.stages.add(project, name, originOf(caller, reason)),
  }),
}

const usualProject = 'default'

const modelOf = ({ path, query }: { path: { model: string }; query: { project?: string } }): ModelName => ({
  project: query.project ?? usualProject,
  name: path.model,
})

function versionOf(call: Pick<CallOf<'getVersion'>, 'path' | 'query'>): VersionName {
  const version = Number(call.path.version)
  if (!/^\d{1,9}$/.test(call.path.version) || version < 1)
    throw new AppError('invalid_argument', `A version is a whole number from 1 on, not '${call.path.version.slice(0, 100)}'.`, {
      details: { field: 'version' },
    })
  return { ...modelOf(call), version }
}

const originOf = (caller: Caller, reason: string | undefined): ChangeOrigin => ({
  ...caller,
  ...(reason === undefined ? {} : { reason }),
})

const equals = (value: string): TextCondition => ({ operator: '=', value })

function tagClause(text: string): { field: 'tag'; key: string; condition: TextCondition } {
  const at = text.indexOf('=')
  const key = at < 0 ? text : text.slice(0, at)
  if (key === '')
    throw new AppError('invalid_argument', `The query: tag is key or key=value; '${text.slice(0, 100)}' has no key.`, {
      details: { field: 'tag' },
    })
  return { field: 'tag', key, condition: at < 0 ? { operator: 'like', value: '%' } : equals(text.slice(at + 1)) }
}

async function resolveVersion({ registry }: NativeContext, project: string, text: string): Promise<ModelVersion> {
  const { name, version, stage, alias } = parseModelReference(text)
  const model = { project, name }
  if (version !== undefined) return await registry.versions.get({ ...model, version })
  if (alias !== undefined) return await registry.versions.ofAlias(model, alias)
  if (stage === undefined)
    throw new AppError(
      'invalid_argument',
      `Say which version of '${name}': ${name}/3, ${name}/Production, ${name}/latest or ${name}@alias.`,
    )
  const versions = await registry.versions.latest(model, stage.toLowerCase() === 'latest' ? undefined : [stage])
  const newest = versions.at(-1)
  if (!newest)
    throw new AppError('not_found', `No version of '${name}' is in the stage ${stage}.`, { details: { record: 'version' } })
  return newest
}

interface Origins {
  source: string
  location?: string
  runId?: string
  artifactId?: string
  loggedModelId?: string
}

async function originsOf(
  { tracking, placeOfModel }: NativeContext,
  {
    artifact,
    loggedModel,
    source,
  }: { artifact: string | undefined; loggedModel: string | undefined; source: string | undefined },
): Promise<Origins> {
  if ([artifact, loggedModel, source].filter((given) => given !== undefined).length !== 1)
    throw new AppError('invalid_argument', 'The body: give one of artifact, loggedModel and source.', {
      details: { field: 'source' },
    })
  if (artifact !== undefined) {
    const { runId, key, target } = await tracking.artifacts.get(artifact)
    return {
      source: runId === null ? target : `runs:/${runId}/${key}`,
      location: target,
      artifactId: artifact,
      ...(runId === null ? {} : { runId }),
    }
  }
  if (loggedModel !== undefined) {
    const model = await tracking.loggedModels.find(loggedModel)
    if (!model) throw new AppError('not_found', `There is no logged model ${loggedModel}.`)
    return {
      source: `models:/${loggedModel}`,
      location: await placeOfModel(model),
      loggedModelId: loggedModel,
      ...(model.sourceRunId === null ? {} : { runId: model.sourceRunId }),
    }
  }
  // A folder of this machine is no place a client may point the server at.
  await checkVersionSource(source!, { localFolders: [] })
  return { source: source! }
}
