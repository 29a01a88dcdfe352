import { rmSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { RunRecord } from '@trainyard/contract'

import type { Session } from './session.ts'

export interface Freed {
  /** Bytes of artifacts that were deleted. */
  objectBytes: number
  /** By how much the database file shrank. */
  databaseBytes: number
  /** Artifacts that were only referred to, outside every place of ours: never deleted. */
  keptTargets: string[]
}

/**
 * Deletes trashed runs for good. The records go first, in one transaction: a crash in between leaves objects nobody refers to,
 * never records without their objects. Idempotent.
 */
export async function emptyTrash(session: Session, runs: readonly RunRecord[]): Promise<Freed> {
  const { tracking, directory, places } = session
  const iterations = (
    await Promise.all(runs.filter((run) => run.kind === 'sweep').map((run) => tracking.runs.children(run.id)))
  ).flat()
  const all = [...runs, ...iterations]
  const roots = [directory.artifacts, ...all.map((run) => run.outPath)]
  const before = databaseBytes(directory.database)
  const { targets } = await tracking.runs.purge(runs.map((run) => run.id))

  const freed: Freed = { objectBytes: 0, databaseBytes: 0, keptTargets: [] }
  for (const target of targets) {
    if (roots.some((root) => liesIn(target, root))) freed.objectBytes += await places.remove(target)
    else freed.keptTargets.push(target)
  }
  for (const run of all) {
    // What is left of the run's own folder: empty, or files that belong to no artifact.
    if (liesIn(run.outPath, directory.artifacts)) freed.objectBytes += await places.remove(run.outPath)
    rmSync(join(directory.runs, run.id), { recursive: true, force: true })
  }
  await session.database.compact()
  freed.databaseBytes = Math.max(0, before - databaseBytes(directory.database))
  return freed
}

const databaseBytes = (path: string): number =>
  [path, `${path}-wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)

/** Inside the folder or below the URL, never the root itself and never by way of `..`. */
export function liesIn(target: string, root: string): boolean {
  if (isAbsolute(root) !== isAbsolute(target)) return false
  if (!isAbsolute(root)) return target.startsWith(`${root.replace(/\/+$/, '')}/`) && !target.split('/').includes('..')
  const path = relative(root, target)
  return path !== '' && path !== '..' && !path.startsWith('../') && !isAbsolute(path)
}
