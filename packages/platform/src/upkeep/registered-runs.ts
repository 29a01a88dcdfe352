import type { RunRecord } from '@trainyard/contract'
import type { Registry } from '../registry/index.ts'
import type { Tracking } from '../tracking/index.ts'

export interface SplitRuns {
  free: RunRecord[]
  /** One registered version each that came from the run or one of its iterations. */
  kept: { run: RunRecord; name: string; version: number }[]
}

/** A registered version must not lose its bytes: the run that made it stays in the trash until the version is deleted. */
export async function splitRegistered(tracking: Tracking, registry: Registry, runs: readonly RunRecord[]): Promise<SplitRuns> {
  const trashedOf = new Map<string, RunRecord>()
  for (const run of runs) {
    trashedOf.set(run.id, run)
    for (const child of await tracking.runs.children(run.id)) trashedOf.set(child.id, run)
  }
  const kept = new Map<RunRecord, SplitRuns['kept'][number]>()
  for (const { name, version, runId } of await registry.versions.madeBy([...trashedOf.keys()])) {
    const run = trashedOf.get(runId)!
    if (!kept.has(run)) kept.set(run, { run, name, version })
  }
  return { free: runs.filter((run) => !kept.has(run)), kept: [...kept.values()] }
}
