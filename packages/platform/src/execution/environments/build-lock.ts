import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../../base/errors.ts'

export interface BuildLock extends AsyncDisposable {
  /** Somebody else held it first. */
  readonly waited: boolean
}

/**
 * One builder at a time, also across processes. It is a lock of the kernel, held through SQLite because Node.js has no call for
 * it: whoever dies, by whatever signal, lets go of it at once, so no leftover can be mistaken for a living builder.
 */
export async function lockBuild(
  path: string,
  options: { onWait?: (owner: string) => void; signal?: AbortSignal },
): Promise<BuildLock> {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  let waited = false
  try {
    for (;;) {
      if (options.signal?.aborted)
        throw new AppError('aborted', 'Preparing the environment was cancelled.', { cause: options.signal.reason })
      if (tryLock(database, path)) break
      if (!waited) options.onWait?.(readOwner(path))
      waited = true
      await delay(50, undefined, options.signal ? { signal: options.signal } : {}).catch(() => undefined)
    }
  } catch (error) {
    database.close()
    throw error
  }
  writeFileSync(`${path}.owner`, `${process.pid}\n`)
  return {
    waited,
    async [Symbol.asyncDispose]() {
      database.close()
    },
  }
}

const busy = 5

function tryLock(database: DatabaseSync, path: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === busy) return false
    throw new AppError('storage', `Cannot lock ${path}: ${systemReason(error)}.`, { cause: error })
  }
}

/** For people: who builds. */
function readOwner(path: string): string {
  try {
    return `process ${readFileSync(`${path}.owner`, 'utf8').trim()}`
  } catch {
    return 'another process'
  }
}
