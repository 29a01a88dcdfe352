import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataDirectory } from '../base/data-directory.ts'
import { storageError } from '../base/errors.ts'

/** The folder of a run's own, which goes when it has ended. */
export const sentCodeFolder = (directory: DataDirectory, runId: string): string => join(directory.path, 'work', runId)

/** The folder a job of its own works in, with the code that was sent along. Made anew by every attempt. */
export function writeSentCode(directory: DataDirectory, runId: string, code?: { name: string; text: string }): string {
  const folder = sentCodeFolder(directory, runId)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (code !== undefined) writeFileSync(join(folder, code.name), code.text)
  } catch (error) {
    throw storageError(`Cannot make the job's folder ${folder}`, error)
  }
  return folder
}

/** Once it has ended. What it left there goes too; what it logged does not lie there. */
export const removeSentCode = (directory: DataDirectory, runId: string): void =>
  rmSync(sentCodeFolder(directory, runId), { recursive: true, force: true })
