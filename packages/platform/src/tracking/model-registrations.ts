import type { LoggedModelRecords } from './logged-models.ts'

/** In which registered models a logged model is, as MLflow's clients read it. */
export const registrationsTag = 'mlflow.modelVersions'

interface Registration {
  name: string
  version: string | number
}

/** Notes on a logged model that it was registered. Idempotent; nothing happens to one that is not there. */
export async function noteRegistration(
  loggedModels: LoggedModelRecords,
  id: string,
  { name, version }: { name: string; version: number },
): Promise<void> {
  const model = await loggedModels.find(id)
  if (!model) return
  const known = readRegistrations(model.tags[registrationsTag])
  if (known.some((each) => each.name === name && Number(each.version) === version)) return
  await loggedModels.setTags(id, { [registrationsTag]: JSON.stringify([...known, { name, version: String(version) }]) })
}

/** A tag that somebody has broken is begun anew. */
function readRegistrations(tag: string | undefined): Registration[] {
  try {
    const value: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(value) ? (value as Registration[]) : []
  } catch {
    return []
  }
}
