import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isBusy } from './sqlite-errors.ts'

/** What was left behind is tidied up from this age on: a younger file may not be locked yet. */
const leftBehindAfterMs = 60_000

/**
 * That this process has a database open, for the others to see: an empty file beside it, locked as SQLite locks, which the kernel undoes
 * with the process, however it ends, and whatever container it ran in.
 */
export class SqlitePresence {
  readonly #prefix: string
  #own: { name: string; lock: DatabaseSync } | undefined

  constructor(path: string) {
    this.#prefix = `${path}-presence-`
  }

  name(): string {
    this.#own ??= this.#appear()
    return this.#own.name
  }

  isPresent(name: string): boolean {
    if (name === this.#own?.name) return true
    if (!/^[0-9a-f]{16}$/.test(name) || !existsSync(this.#prefix + name)) return false
    if (isLocked(this.#prefix + name)) return true
    rmSync(this.#prefix + name, { force: true })
    return false
  }

  close(): void {
    if (!this.#own) return
    this.#own.lock.close()
    rmSync(this.#prefix + this.#own.name, { force: true })
    this.#own = undefined
  }

  #appear() {
    this.#tidy()
    const name = randomBytes(8).toString('hex')
    const lock = new DatabaseSync(this.#prefix + name)
    lock.exec('BEGIN EXCLUSIVE')
    return { name, lock }
  }

  #tidy(): void {
    const folder = dirname(this.#prefix)
    for (const file of readdirSync(folder)) {
      if (!file.startsWith(basename(this.#prefix))) continue
      const { mtimeMs } = statSync(join(folder, file), { throwIfNoEntry: false }) ?? { mtimeMs: Number.POSITIVE_INFINITY }
      if (Date.now() - mtimeMs > leftBehindAfterMs) this.isPresent(join(folder, file).slice(this.#prefix.length))
    }
  }
}

function isLocked(path: string): boolean {
  const other = new DatabaseSync(path, { timeout: 0 })
  try {
    other.exec('BEGIN EXCLUSIVE')
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  } finally {
    other.close()
  }
}
