import { type Database, openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
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
  const { place, remove } = await createTestPlace()
  const opened = [await openDatabase(place)]
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
      const another = await openDatabase(place)
      opened.push(another)
      return createRegistry(another, { clock })
    },
    [Symbol.asyncDispose]: async () => {
      for (const database of opened) await database.close()
      await remove()
    },
  }
}
