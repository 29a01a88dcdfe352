import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresPlace } from './postgres-place.ts'

/** A fresh, empty database for one test. */
export interface TestPlace {
  /** For `openDatabase`. */
  readonly place: string
  /** After everything that was opened there is closed. */
  remove(): Promise<void>
}

/** SQLite, or Postgres in the test run that is for it. */
export async function createTestPlace(): Promise<TestPlace> {
  if (process.env['TRAINYARD_TEST_DATABASE'] === 'postgres') return await createPostgresPlace()
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-database-'))
  return { place: join(folder, 'trainyard.db'), remove: () => rm(folder, { recursive: true }) }
}
