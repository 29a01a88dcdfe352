import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError, type RunRecord } from '@trainyard/contract'
import type { DataDirectory } from '../../base/data-directory.ts'
import { readCodeText } from '../../execution/index.ts'
import { shortId } from '../output/format.ts'

export interface RebuiltScript extends Disposable {
  /** Where a copy of the script as it was lies until this is disposed; undefined when the file is unchanged. */
  path: string | undefined
  note: string | undefined
}

const unchanged = (note?: string): RebuiltScript => ({ path: undefined, note, [Symbol.dispose]: () => undefined })

/**
 * The script as the run had it. When the file has been edited since, the kept text is written beside it under a name that says so,
 * because its imports of neighbours count from its folder.
 */
export function rebuildScript(directory: DataDirectory, run: RunRecord): RebuiltScript {
  const { file, scriptSha256 } = run.code ?? {}
  if (file === undefined || scriptSha256 === undefined)
    return unchanged('The code of that run was not kept; running the file as it is now.')
  const now = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
  if (now === scriptSha256) return unchanged()
  const text = readCodeText(directory, scriptSha256)
  if (text === undefined)
    throw new AppError(
      'failed_precondition',
      `${file} has changed since, and its text was too large to be kept; --current runs it as it is now.`,
    )
  const dot = basename(file).lastIndexOf('.')
  const name = `${basename(file).slice(0, dot)}_${shortId(run.id)}_${process.pid}${basename(file).slice(dot)}`
  const path = join(dirname(file), name)
  writeFileSync(path, text)
  return {
    path,
    note: `${basename(file)} has changed since; running it as it was (for the while as ${name}).`,
    [Symbol.dispose]: () => rmSync(path, { force: true }),
  }
}
