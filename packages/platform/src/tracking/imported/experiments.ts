import { ensureProject, type Transaction } from '../../database/index.ts'
import { noteChange } from '../change-notes.ts'
import { checkName, checkValue } from '../record-names.ts'
import type { Taken } from './imported-records.ts'

export interface ImportedExperiment {
  project: string
  name: string
  /** The id it had elsewhere: kept where it is free here and small enough. */
  wantedId: string
  /** The id it got here when it was taken before. */
  knownId?: string
  createdAtMs: number
  updatedAtMs: number
  tags: Record<string, string>
  /** Tags that were taken before and are gone there now. */
  removedTags: readonly string[]
}

/** Ids beyond this would leave no room for those that are counted up from the highest. */
const largestKeptId = 1_000_000_000

export async function takeExperiment(transaction: Transaction, given: ImportedExperiment): Promise<Taken & { id: string }> {
  checkName('experiment name', given.name)
  checkName('project name', given.project)
  for (const [key, value] of Object.entries(given.tags)) checkValue('tag', key, value)
  const differences: string[] = []
  const { kysely } = transaction
  const project = await ensureProject(transaction, given.project, given.createdAtMs)
  const ofName = kysely.selectFrom('experiments').select('number').where('project', '=', project)
  const named = (await ofName.where('name', '=', given.name).executeTakeFirst())?.number
  const known = given.knownId === undefined ? undefined : await findKnown(transaction, Number(given.knownId))
  const number = known ?? named ?? (await make(transaction, given, project))
  const made = known === undefined && named === undefined
  if (String(number) !== given.wantedId && known === undefined)
    differences.push(`experiment ${given.wantedId} there is ${number} here`)
  if (known !== undefined && named !== undefined && named !== known)
    differences.push(`it is called '${given.name}' there now, a name that another experiment has here`)
  else
    await kysely
      .updateTable('experiments')
      .set({ name: given.name, updated_at: given.updatedAtMs })
      .where('number', '=', number)
      .execute()
  await putTags(transaction, number, given)
  await noteChange(transaction, 'experiment', number)
  return { id: String(number), made, differences }
}

const findKnown = async ({ kysely }: Transaction, number: number): Promise<number | undefined> =>
  (await kysely.selectFrom('experiments').select('number').where('number', '=', number).executeTakeFirst())?.number

async function make(transaction: Transaction, given: ImportedExperiment, project: number): Promise<number> {
  const { kysely } = transaction
  const wanted = /^\d{1,10}$/.test(given.wantedId) ? Number(given.wantedId) : Number.POSITIVE_INFINITY
  const isFree =
    wanted <= largestKeptId &&
    !(await kysely.selectFrom('experiments').select('number').where('number', '=', wanted).executeTakeFirst())
  // The experiment 0 is the one of the project `default`.
  if (isFree && (wanted !== 0 || given.project === 'default')) {
    const columns = ['number', 'project', 'name', 'created_at']
    await transaction.insertRows('experiments', columns, [[wanted, project, given.name, given.createdAtMs]])
    return wanted
  }
  const { number } = await kysely
    .insertInto('experiments')
    .values({ project, name: given.name, created_at: given.createdAtMs })
    .returning('number')
    .executeTakeFirstOrThrow()
  return number
}

async function putTags(transaction: Transaction, number: number, { tags, removedTags }: ImportedExperiment): Promise<void> {
  for (const key of removedTags)
    await transaction.kysely.deleteFrom('experiment_tags').where('experiment', '=', number).where('key', '=', key).execute()
  const rows = Object.entries(tags).map(([key, value]) => [number, key, value])
  await transaction.insertRows('experiment_tags', ['experiment', 'key', 'value'], rows, {
    onConflict: { replace: ['experiment', 'key'] },
  })
}

/** Last of all, as nothing is taken into the trash. Without `trashedAtMs` it comes out of there. */
export async function settleExperiment(transaction: Transaction, id: string, trashedAtMs: number | null): Promise<void> {
  const changed = transaction.kysely.updateTable('experiments').set({ trashed_at: trashedAtMs }).where('number', '=', Number(id))
  await changed.execute()
  await noteChange(transaction, 'experiment', Number(id))
}
