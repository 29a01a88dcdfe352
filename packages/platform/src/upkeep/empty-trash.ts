import { rmSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '@trainyard/contract'
import type { Places } from '../objects/index.ts'
import { type Holdings, outputFolder } from './holdings.ts'

export interface Freed {
  /** Bytes of artifacts that were deleted. */
  objectBytes: number
  /** By how much the database shrank. */
  databaseBytes: number
  /** Artifacts that were only referred to, outside every place of ours: never deleted. */
  keptTargets: string[]
}

/**
 * Deletes trashed runs for good. The records go first, in one transaction: a crash in between leaves objects nobody refers to,
 * never records without their objects. Nothing is deleted that lies outside the places of these runs, or that an artifact of
 * another run still refers to. Idempotent.
 */
export async function emptyTrash(session: Holdings, runs: readonly RunRecord[]): Promise<Freed> {
  const { tracking, directory, places } = session
  const iterations = (await Promise.all(runs.map((run) => tracking.runs.children(run.id)))).flat()
  const all = [...runs, ...iterations]
  const outPaths = all.map((run) => run.outPath)
  const roots = [directory.artifacts, outputFolder(directory), ...all.filter(hasOwnOutPath).map((run) => run.outPath)]
  const before = await session.database.sizeBytes()
  const { targets } = await tracking.runs.purge(runs.map((run) => run.id))

  const freed: Freed = { objectBytes: 0, databaseBytes: 0, keptTargets: [] }
  const referred = await targetsReferredTo(session, new Set(outPaths.map(localPath)))
  const isReferred = (place: string): boolean => referred.some((target) => target === place || liesIn(target, place))
  for (const target of targets) {
    const isOurs = roots.some((root) => liesIn(target, root))
    if (isOurs && !isReferred(target)) freed.objectBytes += await places.remove(target)
    else freed.keptTargets.push(target)
  }
  for (const run of all) {
    // What is left in the run's own folder: files that belong to no artifact.
    if (liesIn(run.outPath, directory.artifacts) && !isReferred(run.outPath))
      freed.objectBytes += await removeFolder(places, run.outPath)
    rmSync(join(directory.runs, run.id), { recursive: true, force: true })
  }
  await session.database.compact()
  freed.databaseBytes = Math.max(0, before - (await session.database.sizeBytes()))
  return freed
}

/** Every out path we make has the run's id in it. One that has not, in a record from elsewhere, may be anybody's folder. */
const hasOwnOutPath = ({ outPath, id, parentId }: RunRecord): boolean =>
  outPath.split('/').some((part) => part === id || (parentId !== null && part === parentId))

const pageSize = 1000

/** Of the artifacts that remain, those that lie below one of these places. */
async function targetsReferredTo({ tracking }: Holdings, places: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (let offset = 0; ; offset += pageSize) {
    const page = await tracking.artifacts.search({ allVersions: true, limit: pageSize, offset })
    for (const { target } of page) if (ancestors(localPath(target)).some((folder) => places.has(folder))) found.push(target)
    if (page.length < pageSize) return found
  }
}

/** `/a/b/c` lies in `/a/b`, `/a` and `/`. */
function ancestors(target: string): string[] {
  const parts = target.split('/')
  return parts.map((_, count) => parts.slice(0, count).join('/'))
}

/** A local folder goes with its empty subfolders, which the object stores know nothing of. */
async function removeFolder(places: Places, path: string): Promise<number> {
  const freed = await places.remove(path)
  rmSync(path, { recursive: true, force: true })
  return freed
}

/** Inside the folder or below the URL, never the root itself and never by way of `..`. A path and its `file://` address are the same. */
export const liesIn = (target: string, root: string): boolean => pathInside(target, root) !== undefined

/** The path of `target` below `root`, when it lies there in the sense of `liesIn`. */
export function pathInside(target: string, root: string): string | undefined {
  const [inner, outer] = [localPath(target), localPath(root)]
  if (isAbsolute(inner) !== isAbsolute(outer)) return undefined
  if (!isAbsolute(outer)) {
    const folder = `${outer.replace(/\/+$/, '')}/`
    return inner.startsWith(folder) && !inner.split('/').includes('..') ? inner.slice(folder.length) : undefined
  }
  const path = relative(outer, inner)
  return path === '' || path === '..' || path.startsWith('../') || isAbsolute(path) ? undefined : path
}

const localPath = (place: string): string => (place.startsWith('file://') ? fileURLToPath(place) : place)
