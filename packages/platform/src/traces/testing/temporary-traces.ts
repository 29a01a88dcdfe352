import { type Database, openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
import { createTraces } from '../create-traces.ts'
import type { SpanRecord, Traces } from '../traces.ts'

export interface TemporaryTraces extends AsyncDisposable {
  readonly database: Database
  readonly traces: Traces
}

/** Traces over a fresh database with the experiments 1 and 2, and 3 in the trash. */
export async function openTemporaryTraces(): Promise<TemporaryTraces> {
  const { place, remove } = await createTestPlace()
  const database = await openDatabase(place)
  await database.write(async (transaction) => {
    await transaction.insertRows('projects', ['number', 'name', 'created_at'], [[1, 'project', 1]])
    const columns = ['number', 'project', 'name', 'created_at', 'trashed_at']
    const rows = [1, 2, 3].map((number) => [number, 1, `experiment ${number}`, 1, number === 3 ? 5 : null])
    await transaction.insertRows('experiments', columns, rows)
  })
  return {
    database,
    traces: createTraces(database, { clock: { nowMs: () => 1_000 } }),
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await remove()
    },
  }
}

/** A finished span of a second, with what a test says of it. */
export const spanOf = (span: Partial<SpanRecord> & Pick<SpanRecord, 'traceId' | 'id'>): SpanRecord => ({
  otelTraceId: '0'.repeat(31) + '1',
  parentId: null,
  name: 'span',
  startedAtNs: 5_000_000_000n,
  endedAtNs: 6_000_000_000n,
  status: { code: 'OK', message: '' },
  attributes: {},
  events: [],
  links: [],
  ...span,
})
