import type { ModelVersion, RegisteredModel, VersionStatus } from '../../registry/index.ts'
import { invalid } from './errors.ts'
import { present, toTags } from './run-view.ts'
import { required } from './wire.ts'

const statusNames: Record<VersionStatus, string> = {
  pending: 'PENDING_REGISTRATION',
  failed: 'FAILED_REGISTRATION',
  ready: 'READY',
}

export const toRegisteredModel = (model: RegisteredModel): object => ({
  name: model.name,
  creation_timestamp: model.createdAtMs,
  last_updated_timestamp: model.updatedAtMs,
  user_id: model.createdBy === 'unknown' ? undefined : model.createdBy,
  description: model.description ?? undefined,
  latest_versions: present(model.latestVersions.map(toModelVersion)),
  tags: present(toTags(model.tags)),
  aliases: present(Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) }))),
})

export const toModelVersion = (version: ModelVersion): object => ({
  name: version.name,
  version: String(version.version),
  creation_timestamp: version.createdAtMs,
  last_updated_timestamp: version.updatedAtMs,
  user_id: version.createdBy === 'unknown' ? undefined : version.createdBy,
  current_stage: version.stage,
  description: version.description ?? undefined,
  source: version.source,
  run_id: version.runId ?? '',
  run_link: version.runLink ?? '',
  status: statusNames[version.status],
  status_message: version.statusMessage ?? undefined,
  tags: present(toTags(version.tags)),
  aliases: present(version.aliases),
  model_id: version.loggedModelId ?? undefined,
})

/** Versions travel as texts of decimal digits. */
export function versionNumber(version: string | undefined): number {
  const text = required(version, 'version')
  const number = Number(text)
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number))
    throw invalid(`Parameter 'version' must be an integer, got '${text}'.`)
  return number
}

/** Tags of a request, the last of a key counts. */
export const fromTags = (tags: readonly { key?: string; value?: string }[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ key, value }, at) => [required(key, `tags[${at}].key`), value ?? '']))
