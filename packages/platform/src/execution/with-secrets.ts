import { createPlaces, type ObjectContext } from '../objects/index.ts'
import type { Execution } from './execution.ts'

/** Addresses opened with a run's secrets at hand: `-s file=secrets.txt` may hold the keys of a bucket. */
export const objectsWithSecrets = (objects: ObjectContext, secrets: Readonly<Record<string, string>>): ObjectContext => ({
  ...objects,
  environment: { ...objects.environment, ...secrets },
})

/** The same execution, its out paths reached with the run's secrets. */
export function withSecrets(execution: Execution, secrets: Readonly<Record<string, string>>): Execution {
  if (Object.keys(secrets).length === 0) return execution
  const objects = objectsWithSecrets(execution.objects, secrets)
  return { ...execution, objects, places: createPlaces(objects) }
}
