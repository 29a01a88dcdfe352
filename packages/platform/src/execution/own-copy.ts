import { constants } from 'node:fs'
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { delimiter, dirname, join, sep } from 'node:path'
import type { DataDirectory } from '../base/data-directory.ts'
import { storageError } from '../base/errors.ts'
import type { PreparedRun } from './prepared-run.ts'
import { sentCodeFolder } from './sent-code.ts'

/** Larger ones are shared: copying them would take seconds off every run. */
const largestCopyBytes = 256 * 1024 * 1024

/**
 * The run in a copy of its own of a folder that runs share, so that what it writes beside its code is seen by no other; the record tells
 * the shared place, from which it can be run again. Where the file system can, the copy shares its blocks until they are written to. It
 * goes with `removeSentCode`. A run outside of the folder stays as it is; one of a folder over 256 MiB works there, and says so.
 */
export async function inOwnCopy(directory: DataDirectory, run: PreparedRun, shared: string): Promise<PreparedRun> {
  if (moved(run.script, shared, '') === undefined && moved(run.workingDirectory, shared, '') === undefined) return run
  if ((await sizeOf(shared, largestCopyBytes)) > largestCopyBytes)
    return { ...run, choices: { ...run.choices, source: `shared with other runs, as it is larger than 256 MiB: ${shared}` } }
  const copy = join(sentCodeFolder(directory, run.id), 'source')
  try {
    await rm(copy, { recursive: true, force: true })
    await mkdir(dirname(copy), { recursive: true, mode: 0o700 })
    await cp(shared, copy, { recursive: true, mode: constants.COPYFILE_FICLONE, verbatimSymlinks: true })
  } catch (error) {
    throw storageError(`Cannot copy the source to ${copy}`, error)
  }
  const there = (path: string): string => moved(path, shared, copy) ?? path
  const modules = run.environment['PYTHONPATH']
  return {
    ...run,
    script: there(run.script),
    originalScript: run.originalScript ?? run.script,
    workingDirectory: there(run.workingDirectory),
    originalWorkingDirectory: run.workingDirectory,
    environment: {
      ...run.environment,
      ...(modules === undefined ? {} : { PYTHONPATH: modules.split(delimiter).map(there).join(delimiter) }),
    },
  }
}

const moved = (path: string, from: string, to: string): string | undefined =>
  path === from || path.startsWith(from + sep) ? to + path.slice(from.length) : undefined

/** Stops counting when there is more than that. */
async function sizeOf(folder: string, enough: number): Promise<number> {
  let total = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    total += (await stat(join(entry.parentPath, entry.name))).size
    if (total > enough) break
  }
  return total
}
