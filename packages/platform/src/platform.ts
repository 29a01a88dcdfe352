import { join } from 'node:path'
import { systemClock } from './base/clock.ts'
import type { DataDirectory } from './base/data-directory.ts'
import type { Execution } from './execution/index.ts'
import { createPlaces, type ObjectContext } from './objects/index.ts'
import type { Tracking } from './tracking/tracking.ts'

export interface PlatformParts {
  directory: DataDirectory
  tracking: Tracking
  environment: Execution['environment']
  workingDirectory: string
  programCommand: readonly string[]
  owner: string
}

/** Puts the parts of one process together. Nothing is opened here: whoever opened the parts closes them. */
export function createExecution(parts: PlatformParts): Execution {
  const objects: ObjectContext = {
    workingDirectory: parts.workingDirectory,
    environment: parts.environment,
    resumeDirectory: join(parts.directory.path, 'uploads'),
    resolveStoreUrl: (url) => resolveStoreUrl(parts.tracking, url),
  }
  return { ...parts, clock: systemClock, objects, places: createPlaces(objects) }
}

/** `store://<kind>/<project>/<key>[#iteration][:tag][@run]`, or without the kind. */
export async function resolveStoreUrl(tracking: Tracking, url: string): Promise<string> {
  const path = url.slice('store://'.length)
  const parts = path.split('/')
  const known = ['artifacts', 'models', 'datasets', 'files']
  const [project, ...key] = known.includes(parts[0] ?? '') ? parts.slice(1) : parts
  const { target } = await tracking.artifacts.resolve(
    project === undefined || project === '' ? 'default' : project,
    key.join('/'),
  )
  return target
}
