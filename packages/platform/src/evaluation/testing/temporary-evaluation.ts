import { type Database, openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
import { createEvaluation } from '../create-evaluation.ts'
import type { Evaluation } from '../evaluation.ts'

export interface TemporaryEvaluation extends AsyncDisposable {
  readonly database: Database
  readonly evaluation: Evaluation
  /** The clock stands still until a test sets it. */
  readonly clock: { now: number }
}

/** Over a fresh database with the experiments 1 and 2, and 3 in the trash. */
export async function openTemporaryEvaluation(): Promise<TemporaryEvaluation> {
  const { place, remove } = await createTestPlace()
  const database = await openDatabase(place)
  await database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'project', 1]])
    const columns = ['number', 'project', 'name', 'created_at', 'trashed_at']
    const rows = [1, 2, 3].map((number) => [number, 1, `experiment ${number}`, 1, number === 3 ? 5 : null])
    await transaction.insertRows('experiments', columns, rows)
  })
  const clock = { now: 1_000 }
  return {
    database,
    clock,
    evaluation: createEvaluation(database, { clock: { nowMs: () => clock.now } }),
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await remove()
    },
  }
}
