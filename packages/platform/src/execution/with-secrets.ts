import { createPlaces } from '../objects/index.ts'
import type { Execution } from './execution.ts'

/** The same with a run's secrets at hand for its inputs and its out path: `-s file=secrets.txt` may hold the keys of a bucket. */
export function withSecrets(execution: Execution, secrets: Readonly<Record<string, string>>): Execution {
  if (Object.keys(secrets).length === 0) return execution
  const objects = { ...execution.objects, environment: { ...execution.objects.environment, ...secrets } }
  return { ...execution, objects, places: createPlaces(objects) }
}
