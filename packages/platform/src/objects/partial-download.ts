import { createHash, randomBytes } from 'node:crypto'
import { readdir, rename, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { partialPrefix } from './file-writing.ts'

/**
 * The file that a download is written to, beside its target: a new one, or the one that a process of this machine that is dead
 * now left for the same content. Its name tells the owner, so that two downloads at once never write into one file.
 */
export async function claimPartial(target: string, identity: string): Promise<{ path: string; sizeBytes: number }> {
  const folder = dirname(target)
  await makeFolder(folder)
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)
  const stem = `${partialPrefix}${digest(identity)}-${digest(hostname()).slice(0, 8)}-`
  const path = join(folder, `${stem}${process.pid}-${randomBytes(4).toString('hex')}`)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(stem) || isAlive(Number.parseInt(name.slice(stem.length), 10))) continue
    try {
      // Of several that want it, one succeeds.
      await rename(join(folder, name), path)
      return { path, sizeBytes: (await stat(path)).size }
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
  }
  return { path, sizeBytes: 0 }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}
