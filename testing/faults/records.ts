import { join } from 'node:path'
import type { MetricPoint } from '@trainyard/contract'
import { createFileStore } from '../../packages/platform/src/objects/index.ts'
import { openSqliteDatabase } from '../../packages/platform/src/database/index.ts'
import { createTracking, type Tracking } from '../../packages/platform/src/tracking/index.ts'
import type { Workshop } from '../end-to-end/program.ts'

/** The records of a workshop, looked at directly. */
export async function openRecordsOf(workshop: Workshop): Promise<AsyncDisposable & { tracking: Tracking }> {
  const data = join(workshop.folder, '.trainyard')
  const database = await openSqliteDatabase(join(data, 'trainyard.db'))
  const tracking = createTracking(database, { objects: createFileStore({ root: join(data, 'output') }) })
  return { tracking, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

export async function outputOf(tracking: Tracking, runId: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const { bytes } of tracking.logs.read(runId)) pieces.push(bytes)
  return Buffer.concat(pieces)
}

export async function pointsOf(tracking: Tracking, runId: string, key: string): Promise<MetricPoint[]> {
  const all: MetricPoint[] = []
  for (let fromStep = 0; ;) {
    const part = await tracking.metrics.history(runId, key, { fromStep, limit: 100_000 })
    all.push(...part)
    const last = part.at(-1)
    if (last === undefined || part.length < 100_000) return all
    fromStep = last.step + 1
  }
}
