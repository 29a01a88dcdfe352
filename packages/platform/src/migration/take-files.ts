import { isAppError } from '@trainyard/contract'
import type { ObjectStore } from '../objects/index.ts'
import type { FileOwner, MigrationSource, SourceFile } from './source.ts'
import { inParallel } from './in-parallel.ts'
import type { MigrationReport } from './report.ts'

const filesAtOnce = 4

const unknownSizes = 'The source does not tell the sizes of all files: the real import brings more bytes than are counted here.'

export interface FilesTaken {
  /** All that could be had is here. False when another try may bring more. */
  complete: boolean
  differences: string[]
}

/** Tells a file that cannot be had, or, without a path, that none of them can. */
export function noteFile(taken: FilesTaken, path: string, error: unknown): void {
  // Whoever cannot be reached any more is no matter of one file.
  if (!isAppError(error) || error.code === 'unavailable' || error.code === 'storage') throw error
  taken.differences.push(path === '' ? error.message : `file ${path}: ${error.message}`)
  if (error.code !== 'not_found' && error.code !== 'invalid_argument') taken.complete = false
}

/**
 * Streams the files of a run or a model into a place. Files of the same size that are there are left alone, unless `again`; `known`
 * says which of them have their record, `onStored` makes it.
 */
export async function takeFiles(
  source: Pick<MigrationSource, 'files'>,
  owner: FileOwner,
  options: {
    store: ObjectStore
    again: boolean
    /** Only counts. */
    dryRun?: boolean
    report: MigrationReport
    known?: ReadonlySet<string>
    onStored?: (path: string, stored: { sizeBytes: number; sha256: string }) => Promise<void>
  },
): Promise<FilesTaken> {
  const taken: FilesTaken = { complete: true, differences: [] }
  try {
    await inParallel(source.files(owner), filesAtOnce, async (file) => {
      try {
        await takeFile(file, options)
      } catch (error) {
        noteFile(taken, file.path, error)
      }
    })
  } catch (error) {
    noteFile(taken, '', error)
  }
  return taken
}

async function takeFile(
  { path, sizeBytes, open }: SourceFile,
  { store, again, dryRun, report, known, onStored }: Parameters<typeof takeFiles>[2],
): Promise<void> {
  if (!again && sizeBytes !== undefined && known?.has(path) !== false) {
    const here = await store.head(path)
    if (here?.sizeBytes === sizeBytes) return
  }
  if (dryRun === true) {
    report.files++
    report.bytes += sizeBytes ?? 0
    if (sizeBytes === undefined) report.notes = [...new Set([...report.notes, unknownSizes])]
    return
  }
  const stored = await store.put(path, await open())
  await onStored?.(path, stored)
  report.files++
  report.bytes += stored.sizeBytes
}
