import { statfs } from 'node:fs/promises'
import { runStates, type RunState } from '@trainyard/contract'
import { systemErrorCode } from '../base/errors.ts'
import type { Holdings } from './holdings.ts'

/** How much there is. */
export interface Figures {
  dataDirectory: string
  databaseBytes: number
  /** Of the disk the data directory lies on; null where the system does not tell. */
  freeBytes: number | null
  /** The trash aside, iterations included. */
  runs: Record<RunState, number>
  trashedRuns: number
}

/** A handful of indexed counts: a few milliseconds with 100,000 runs. */
export async function figuresOf({
  database,
  directory,
  tracking,
}: Pick<Holdings, 'database' | 'directory' | 'tracking'>): Promise<Figures> {
  const counts = await Promise.all(
    runStates.map(async (state) => {
      const filter = { type: 'comparison', field: { scope: 'attribute', name: 'state' }, operator: '=', value: state } as const
      return [state, await tracking.runs.count({ filter, iterations: true })] as const
    }),
  )
  return {
    dataDirectory: directory.path,
    databaseBytes: await database.sizeBytes(),
    freeBytes: await freeBytes(directory.path),
    runs: Object.fromEntries(counts) as Record<RunState, number>,
    trashedRuns: await tracking.runs.count({ trashed: true, iterations: true }),
  }
}

async function freeBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return null
  }
}
