import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openSqliteDatabase } from '../../database/index.ts'
import { createRegistry } from '../create-registry.ts'
import type { Registry } from '../registry.ts'

export interface TemporaryRegistry extends AsyncDisposable {
  readonly database: Database
  readonly registry: Registry
  /** Stands still until a test moves it. */
  readonly clock: { now: number; nowMs(): number }
  /** A second connection, as another process would have. */
  openAnother(): Promise<Registry>
}

export async function openTemporaryRegistry(): Promise<TemporaryRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-registry-'))
  const path = join(folder, 'trainyard.db')
  const opened = [await openSqliteDatabase(path)]
  const clock = {
    now: 1000,
    nowMs() {
      return this.now
    },
  }
  return {
    database: opened[0]!,
    registry: createRegistry(opened[0]!, { clock }),
    clock,
    openAnother: async () => {
      const another = await openSqliteDatabase(path)
      opened.push(another)
      return createRegistry(another, { clock })
    },
    [Symbol.asyncDispose]: async () => {
      for (const database of opened) await database.close()
      await rm(folder, { recursive: true })
    },
  }
}
