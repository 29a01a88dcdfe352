import { AppError, isAppError, nearestName } from '@trainyard/contract'
import { createRegistry, type ChangeOrigin, type ModelVersion, parseModelReference, type Registry } from '../../registry/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'

/** The open records with their registry, and the project that names of models are looked for in. */
export interface ModelSession extends Session {
  readonly registry: Registry
  readonly project: string
}

export async function openModels(cli: Cli): Promise<ModelSession> {
  const session = await openRecords(cli)
  const registry = await registryOf(cli, session)
  return { ...session, registry, project: cli.project ?? defaultProject }
}

async function registryOf(cli: Cli, session: Session): Promise<Registry> {
  if (session.remote === undefined) return createRegistry(session.database, { clock: { nowMs: cli.nowMs } })
  const { createRemoteRegistry } = await import('../../remote/index.ts')
  return createRemoteRegistry(session.remote)
}

export const originOf = (cli: Cli, reason: string | undefined): ChangeOrigin => ({
  by: cli.config.userName,
  via: 'cli',
  ...(reason === undefined ? {} : { reason }),
})

/** What a user typed: a model, or one of its versions. A whole name wins over a name with a version behind it. */
export async function resolveModel(
  { registry, project }: ModelSession,
  text: string,
): Promise<{ name: string; version?: ModelVersion }> {
  const bare = text.replace(/^models:\/*/, '')
  if (bare !== '' && (await registry.models.find({ project, name: bare }))) return { name: bare }
  const { name, version, stage, alias } = parseModelReference(text)
  const model = { project, name }
  if (!(await registry.models.find(model))) throw await noSuchModel(registry, project, name)
  if (version !== undefined) return { name, version: await registry.versions.get({ ...model, version }) }
  if (alias !== undefined) return { name, version: await registry.versions.ofAlias(model, alias) }
  if (stage === undefined) return { name }
  if (stage.toLowerCase() === 'latest') return { name, version: await newestOf(registry, model) }
  const [newest] = await registry.versions.latest(model, [stage])
  if (newest === undefined)
    throw new AppError('not_found', `No version of '${name}' is in the stage ${stage}.`, { details: { record: 'version' } })
  return { name, version: newest }
}

async function newestOf(registry: Registry, model: { project: string; name: string }): Promise<ModelVersion> {
  const newest = (await registry.versions.latest(model)).at(-1)
  if (newest === undefined) throw new AppError('not_found', `The model '${model.name}' has no versions yet.`)
  return newest
}

/** As `resolveModel`, where one version is meant. */
export async function resolveVersion(session: ModelSession, text: string): Promise<ModelVersion> {
  const { name, version } = await resolveModel(session, text)
  if (version !== undefined) return version
  throw new AppError(
    'invalid_argument',
    `Say which version of '${name}': ${name}/3, ${name}/Production, ${name}/latest or ${name}@alias.`,
  )
}

export async function noSuchModel(registry: Registry, project: string, name: string): Promise<AppError> {
  const { models } = await registry.models.search({ project, limit: 1000 })
  const nearest = nearestName(
    name,
    models.map((model) => model.name),
  )
  const hint = nearest === undefined ? 'trainyard models ls lists those there are' : `did you mean ${nearest}?`
  return new AppError('not_found', `There is no registered model '${name}' in project ${project}.`, { details: { hint } })
}

export async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}

/** `name/3`, to be typed again. */
export const versionReference = ({ name, version }: { name: string; version: number }): string => `${name}/${version}`
