import type { Reader, Transaction } from './database.ts'

/** The integer key of a project, which every other record of it holds. */
export async function findProject({ kysely }: Reader, name: string): Promise<number | undefined> {
  const row = await kysely.selectFrom('projects').select('number').where('name', '=', name).executeTakeFirst()
  return row?.number
}

/** As `findProject`; one that is missing is made. Names that people choose have passed `checkProjectName`. */
export async function ensureProject(transaction: Transaction, name: string, nowMs: number): Promise<number> {
  const known = await findProject(transaction, name)
  if (known !== undefined) return known
  const added = await transaction.kysely
    .insertInto('projects')
    .values({ name, created_at: nowMs })
    .returning('number')
    .executeTakeFirstOrThrow()
  return added.number
}
