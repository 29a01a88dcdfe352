import { AppError, isAppError } from '@trainyard/contract'
import type { ChangeOrigin, ModelVersion, Registry } from '../../registry/index.ts'
import { invalid, missing, MlflowError } from './errors.ts'
import type { MlflowCall } from './route.ts'

/** What the registry's routes work with: the registry knows runs and logged models by id only, these know more. */
export interface RegistryContext {
  readonly registry: Registry
  readonly lineage: VersionLineage
}

export interface VersionLineage {
  loggedModel(id: string): Promise<LoggedModelLineage | undefined>
  /** Who made a run. */
  ownerOf(runId: string): Promise<string | undefined>
  /** Local folders that a version of this run (of this logged model) may name as its source. */
  localFoldersOf(of: { runId?: string; loggedModelId?: string }): Promise<string[]>
  /** Notes on a logged model that it was registered. Idempotent. */
  noteRegistration(loggedModelId: string, version: { name: string; version: number }): Promise<void>
  /** Where a client fetches the bytes of a version. */
  downloadUri(version: ModelVersion): Promise<string>
}

export interface LoggedModelLineage {
  artifactUri: string
  sourceRunId: string | null
  params: readonly object[]
  metrics: readonly object[]
}

/** What clients put on what they make, when they say who they are. */
export const userTag = 'mlflow.user'

/** Who changes the registry: whom the request names, else whom it is known to be about, else whoever the server takes it for. */
export const originOf = ({ caller }: MlflowCall, about?: string): ChangeOrigin => ({
  by: caller?.by ?? (about || caller?.otherwise || 'unknown'),
  via: caller?.via ?? 'mlflow',
})

/** Sentences that clients look at, by what was refused and the rule it broke. */
const refusals: Record<string, (details: Readonly<Record<string, unknown>>) => string> = {
  'alias.latest': () => `'latest' alias name (case insensitive) is reserved.`,
  'alias.version': ({ alias }) => `Version alias name '${String(alias)}' is reserved.`,
  'alias.empty': () => 'Registered model alias name cannot be empty.',
  'alias.characters': ({ alias }) =>
    `Invalid alias name: '${String(alias)}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
  'stage.unknown': ({ stage, stages }) =>
    `Invalid Model Version stage: ${String(stage)}. Value must be one of ${(stages as string[]).join(', ')}.`,
  'stage.not_active': ({ stage }) =>
    `Model version transition cannot archive existing model versions because '${String(stage)}' is not an Active stage.`,
}

const missingRecords: Record<string, (details: Readonly<Record<string, unknown>>) => MlflowError> = {
  model: ({ name }) => missing(`Registered Model with name=${String(name)} not found`),
  version: ({ name, version }) => missing(`Model Version (name=${String(name)}, version=${String(version)}) not found`),
  alias: ({ alias }) => invalid(`Registered model alias ${String(alias)} not found.`),
}

/** The registry's refusal in the words of this protocol; anything else as it is. */
export function inProtocolWords(error: unknown): unknown {
  if (!isAppError(error)) return error
  const record = String(error.details['record'])
  if (error.code === 'not_found') return missingRecords[record]?.(error.details) ?? error
  if (error.code === 'already_exists') return takenName(error, record)
  const sentence = refusals[`${record}.${String(error.details['rule'])}`]
  return sentence ? invalid(sentence(error.details)) : error
}

function takenName(error: AppError, record: string): unknown {
  const { name, taken } = error.details
  if (record !== 'model' || name !== taken) return error
  return new MlflowError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${String(name)}) already exists.`)
}

/** Runs a handler whose refusals are the registry's. */
export async function answering(handler: () => Promise<object>): Promise<object> {
  try {
    return await handler()
  } catch (error) {
    throw inProtocolWords(error)
  }
}
