import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import type { RunDirectory } from './run-directory.ts'

/** Where a run's harness puts bytes to be taken over, below its directory. */
const spool = 'files'

/**
 * The spooled file or folder that a journal names. A journal may be forged, damaged or copied from elsewhere: nothing outside of the
 * run's own spool is ever moved, whatever it says and wherever links in it lead.
 */
export async function locateSpooled(directory: RunDirectory, file: string): Promise<string> {
  const path = join(directory.path, file)
  const root = join(directory.path, spool)
  if (!path.startsWith(root + sep))
    throw new AppError('invalid_argument', `its file ${file} lies outside of the run's ${spool} folder`)
  let real: string
  try {
    real = await realpath(path)
  } catch (error) {
    // Gone after a crash between the move and its record: whoever moves it looks at the target then.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return path
    throw new AppError('storage', `its file ${file} cannot be reached: ${systemReason(error)}`, { cause: error })
  }
  if (!real.startsWith((await realpath(root)) + sep))
    throw new AppError('invalid_argument', `its file ${file} is a link out of the run's ${spool} folder`)
  return path
}

/** A place below the out path: relative, and without a way up. */
export function checkArtifactPath(path: string): string {
  const isInside = path !== '' && !path.startsWith('/') && !path.split(/[/\\]/).includes('..') && !path.includes('\0')
  if (!isInside) throw new AppError('invalid_argument', `its path ${path.slice(0, 100)} leads out of the out path`)
  return path
}
