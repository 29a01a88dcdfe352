import { statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from '@trainyard/contract'
import { listLocalFiles } from '../objects/index.ts'

/** Where something of the run goes below its folder on the server; undefined for bytes that stay where they are. */
export function pathInRun({ outPath }: RunRecord, place: string): string | undefined {
  const target = place.startsWith('file:///') ? fileURLToPath(place) : place
  if (!target.startsWith('/') || statSync(target, { throwIfNoEntry: false }) === undefined) return undefined
  if (!outPath.startsWith('/')) return undefined
  const inner = relative(outPath, target)
  return inner !== '' && !inner.startsWith('..') ? inner.split(sep).join('/') : undefined
}

/** A file, or all files of a folder; the path of a file itself is empty. */
export async function filesOf(target: string): Promise<{ path: string; absolute: string }[]> {
  if (!statSync(target).isDirectory()) return [{ path: '', absolute: target }]
  return (await listLocalFiles(target)).map(({ path }) => ({ path, absolute: join(target, path) }))
}
