import type { RunRecord, SharedGround } from '@trainyard/contract'
import type { RunRecords } from './tracking.ts'

type Finder = Pick<RunRecords, 'find'>

/** Code and environment that an iteration lacks because its sweep keeps them for all; null for any other run, or when there are none. */
export async function sharedGround(runs: Finder, run: RunRecord): Promise<SharedGround | null> {
  if (run.kind !== 'iteration' || run.parentId === null || (run.code !== null && run.environment !== null)) return null
  const sweep = await runs.find(run.parentId)
  if (sweep === undefined) return null
  const code = run.code === null ? sweep.code : null
  const environment = run.environment === null ? sweep.environment : null
  return code === null && environment === null ? null : { run: { id: sweep.id, name: sweep.name }, code, environment }
}

/** The record with its code and environment, whoever keeps them: for telling and comparing, never for storing. */
export async function withGround(runs: Finder, run: RunRecord): Promise<RunRecord> {
  const shared = await sharedGround(runs, run)
  return shared === null ? run : { ...run, code: run.code ?? shared.code, environment: run.environment ?? shared.environment }
}
