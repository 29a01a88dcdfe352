import { existsSync, mkdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from './errors.ts'

/**
 * Folders above included, one level at a time: Node's own recursive form never returns below a folder that refuses new ones with
 * ENOENT, such as `/proc`. An existing folder is fine; system errors are thrown as they are.
 */
export function makeFolderSync(path: string, mode?: number): void {
  if (existsSync(path)) return
  makeFolderSync(dirname(path))
  try {
    mkdirSync(path, mode === undefined ? {} : { mode })
  } catch (error) {
    // Another process made it at the same moment.
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

export async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return
  await makeFolder(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}
