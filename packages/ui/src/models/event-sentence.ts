import type { RegistryEvent } from './types.ts'

/** What happened, as people say it. */
export function eventSentence({ kind, version, key, before, after }: RegistryEvent): string {
  const which = version === null ? 'the model' : `version ${version}`
  switch (kind) {
    case 'model_created':
      return 'made the model'
    case 'model_renamed':
      return `renamed the model from ${before} to ${after}`
    case 'model_deleted':
      return 'deleted the model'
    case 'version_created':
      return `registered ${which}`
    case 'version_deleted':
      return `deleted ${which}`
    case 'stage_changed':
      return `moved ${which} from ${before} to ${after}`
    case 'alias_set':
      return before === null ? `pointed @${key} at ${which}` : `moved @${key} from version ${before} to ${after}`
    case 'alias_removed':
      return `took @${key} off ${which}`
    case 'tag_set':
      return `tagged ${which}: ${key} = ${after}`
    case 'tag_removed':
      return `took the tag ${key} off ${which}`
    case 'status_changed':
      return `${which} is ${after}`
    default:
      return `described ${which}`
  }
}
