import type { Transaction } from '../database/index.ts'
import { findDefinition, findVersion } from './definition-rows.ts'
import type { DefinitionName, VersionChoice } from './definitions.ts'

/** See `Definitions.delete`. */
export async function deleteDefinition(
  transaction: Transaction,
  name: DefinitionName,
  choice: VersionChoice | undefined,
): Promise<number> {
  const { kysely } = transaction
  const definition = await findDefinition(transaction, name)
  if (definition === undefined) return 0
  if (!choice?.tag && !choice?.hash) return await removeAll(transaction, [definition])
  const version = await findVersion(transaction, definition, choice)
  if (version === undefined) return 0
  await kysely.deleteFrom('definition_versions').where('number', '=', version).execute()
  const newest = await kysely
    .selectFrom('definition_versions')
    .select('number')
    .where('definition', '=', definition)
    .orderBy('updated_at', 'desc')
    .orderBy('number', 'desc')
    .executeTakeFirst()
  // A name without a version is no function any more.
  if (newest) await kysely.updateTable('definitions').set({ newest: newest.number }).where('number', '=', definition).execute()
  else await removeAll(transaction, [definition])
  return 1
}

/** See `Definitions.deleteAll`. */
export async function deleteOfProject(
  transaction: Transaction,
  project: string,
  kinds: readonly string[] | undefined,
): Promise<number> {
  let query = transaction.kysely
    .selectFrom('definitions')
    .innerJoin('projects', 'projects.number', 'definitions.project')
    .select('definitions.number')
    .where('projects.name', '=', project)
  if (kinds) query = query.where('definitions.kind', 'in', kinds)
  const rows = await query.execute()
  return await removeAll(
    transaction,
    rows.map(({ number }) => number),
  )
}

async function removeAll({ kysely, dialect }: Transaction, definitions: readonly number[]): Promise<number> {
  if (definitions.length === 0) return 0
  const list = dialect.numberList(definitions)
  const { count } = await kysely
    .selectFrom('definition_versions')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('definition', 'in', list)
    .executeTakeFirstOrThrow()
  await kysely.deleteFrom('definitions').where('number', 'in', list).execute()
  return count
}
