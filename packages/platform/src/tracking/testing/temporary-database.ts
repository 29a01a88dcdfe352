import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'

export interface TemporaryDatabase extends AsyncDisposable {
  readonly database: Database
  readonly folder: string
  /** For `openDatabase`, also in another process. */
  readonly place: string
  /** A second connection, as another process would have. */
  openAnother(): Promise<Database>
  /** A bare run row in project `project`, for tests of what hangs on runs. Ids already there are left alone. */
  addRuns(...ids: string[]): Promise<void>
}

export async function openTemporaryDatabase(): Promise<TemporaryDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-records-'))
  const { place, remove } = await createTestPlace()
  const opened = [await openDatabase(place)]
  const database = opened[0]!
  return {
    database,
    folder,
    place,
    openAnother: async () => {
      const another = await openDatabase(place)
      opened.push(another)
      return another
    },
    addRuns: (...ids) => addRuns(database, ids),
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) await each.close()
      await remove()
      await rm(folder, { recursive: true })
    },
  }
}

const addRuns = (database: Database, ids: readonly string[]): Promise<void> =>
  database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'project', 1]], { onConflict: 'ignore' })
    const experiment = [1, 1, 'experiment', 1]
    await transaction.insertRows('experiments', ['number', 'project', 'name', 'created_at'], [experiment], {
      onConflict: 'ignore',
    })
    const run = {
      project: 1,
      experiment: 1,
      name: 'run',
      kind: 'run',
      iteration: 0,
      state: 'running',
      created_at: 1,
      updated_at: 1,
      owner: 'somebody',
      host: 'here',
      attempt: 1,
    }
    const rows = ids.map((id) => [id, ...Object.values(run)])
    await transaction.insertRows('runs', ['id', ...Object.keys(run)], rows, { onConflict: 'ignore' })
    for (const id of ids) {
      const { number } = await transaction.kysely
        .selectFrom('runs')
        .select('number')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      await transaction.insertRows('run_documents', ['run', 'out_path'], [[number, '/out']], { onConflict: 'ignore' })
    }
  })
