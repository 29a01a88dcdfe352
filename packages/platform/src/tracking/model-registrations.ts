import type { Transaction } from '../database/index.ts'

/** In which registered models a logged model is, as MLflow's clients read it. */
export const registrationsTag = 'mlflow.modelVersions'

interface Registration {
  name: string
  version: string | number
}

/** See `LoggedModelRecords.noteRegistration`. */
export async function noteRegistration(
  transaction: Transaction,
  id: string,
  { name, version }: { name: string; version: number },
): Promise<void> {
  const model = await transaction.kysely
    .selectFrom('logged_models as m')
    .leftJoin('logged_model_tags as t', (join) => join.onRef('t.model', '=', 'm.number').on('t.key', '=', registrationsTag))
    .select(['m.number', 't.value'])
    .where('m.id', '=', id)
    .where('m.trashed_at', 'is', null)
    .executeTakeFirst()
  if (!model) return
  const known = readRegistrations(model.value)
  if (known.some((each) => each.name === name && Number(each.version) === version)) return
  const value = JSON.stringify([...known, { name, version: String(version) }])
  await transaction.insertRows('logged_model_tags', ['model', 'key', 'value'], [[model.number, registrationsTag, value]], {
    onConflict: { replace: ['model', 'key'] },
  })
}

/** A tag that somebody has broken is begun anew. */
function readRegistrations(tag: string | null): Registration[] {
  try {
    const value: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(value) ? (value as Registration[]) : []
  } catch {
    return []
  }
}
