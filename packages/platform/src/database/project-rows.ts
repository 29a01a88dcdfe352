import { sql } from 'kysely'
import type { Reader, Transaction } from './database.ts'
import type { TableName } from './schema.ts'
import { projectColumns } from './sqlite/table-shapes.ts'

/** How many rows of each table belong to a project, tables without any left out. */
export async function countProjectRows({ kysely }: Reader, project: number): Promise<Map<TableName, number>> {
  const counts = new Map<TableName, number>()
  for (const { table, column } of projectColumns()) {
    const { rows } = await sql<{
      count: number
    }>`SELECT count(*) AS count FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${project}`.execute(kysely)
    const count = rows[0]?.count ?? 0
    if (count > 0) counts.set(table, count)
  }
  return counts
}

/**
 * Deletes a project and every row that belongs to it, whatever tables there are: those of later migrations are found by their foreign
 * keys. What lies outside the database (files of runs) has to be dealt with before.
 */
export async function removeProjectRows({ kysely }: Transaction, project: number): Promise<void> {
  // Those that refer to others come first.
  for (const { table, column } of projectColumns().toReversed())
    await sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${project}`.execute(kysely)
  await kysely.deleteFrom('projects').where('number', '=', project).execute()
}
