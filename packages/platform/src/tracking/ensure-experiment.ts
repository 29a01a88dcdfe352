import type { Transaction } from '../database/index.ts'

/** The integer key of an experiment of a project, which is made when missing. */
export async function ensureExperiment({ kysely }: Transaction, project: number, name: string, nowMs: number): Promise<number> {
  const known = await kysely
    .selectFrom('experiments')
    .select('number')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
  if (known) return known.number
  const added = await kysely
    .insertInto('experiments')
    .values({ project, name, created_at: nowMs })
    .returning('number')
    .executeTakeFirstOrThrow()
  return added.number
}
