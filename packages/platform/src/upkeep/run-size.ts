import type { RunRecord } from '@trainyard/contract'
import type { Tracking } from '../tracking/index.ts'

/** Bytes of artifacts and output of these runs and their iterations, as far as they are known; an object shared by two counts once. */
export async function sizeOfRuns(tracking: Tracking, runs: readonly RunRecord[]): Promise<number> {
  const objects = new Map<string, number>()
  let outputBytes = 0
  const add = async (run: RunRecord): Promise<void> => {
    for (const artifact of await tracking.artifacts.ofRun(run.id)) objects.set(artifact.target, artifact.sizeBytes ?? 0)
    outputBytes += await tracking.logs.sizeBytes(run.id)
  }
  for (const run of runs) {
    await add(run)
    for (const child of await tracking.runs.children(run.id)) await add(child)
  }
  return outputBytes + [...objects.values()].reduce((sum, size) => sum + size, 0)
}
