import { isEnded, type RunState } from '@trainyard/contract'
import type { Database, Reader } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { getRunNumber } from './run-number.ts'

/**
 * Ends runs below another that clients began and nobody of ours watches. Most runs have none: that costs one look.
 */
export async function endReportedBelow(
  database: Database,
  runId: string,
  end: { state: RunState; reason?: string; atMs: number },
): Promise<void> {
  const open = await database.read((reader) => openBelow(reader, runId))
  if (open.length === 0) return
  await database.write(async (transaction) => {
    const { kysely } = transaction
    for (const run of open) {
      const { numUpdatedRows } = await kysely
        .updateTable('runs')
        .set({ state: end.state, state_reason: end.reason ?? null, ended_at: end.atMs, updated_at: end.atMs })
        .where('number', '=', run)
        // Its client may have been quicker.
        .where('ended_at', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) continue
      await kysely.updateTable('run_documents').set({ supervisor: null }).where('run', '=', run).execute()
      const { last } = await kysely
        .selectFrom('run_states')
        .select(({ fn }) => fn.max('ordinal').as('last'))
        .where('run', '=', run)
        .executeTakeFirstOrThrow()
      const reason = end.reason ?? null
      await kysely
        .insertInto('run_states')
        .values({ run, ordinal: (last ?? 0) + 1, state: end.state, at: end.atMs, reason })
        .execute()
      await noteChange(transaction, 'run', run)
    }
  })
}

async function openBelow(reader: Reader, runId: string): Promise<number[]> {
  const open: number[] = []
  let parents = [await getRunNumber(reader, runId)]
  while (parents.length > 0) {
    const children = await reader.kysely
      .selectFrom('runs')
      .select(['number', 'state'])
      .where('parent', 'in', parents.slice(0, 500))
      .where('iteration', '=', 0)
      .execute()
    open.push(...children.filter(({ state }) => !isEnded(state as RunState)).map(({ number }) => number))
    parents = [...parents.slice(500), ...children.map(({ number }) => number)]
  }
  return open
}
