import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isBusy } from './sqlite-errors.ts'

/** What was left behind is tidied up from this age on: a younger file may not be locked yet. */
const leftBehindAfterMs = 60_000

/**
 * That this process has a database open, for the others to see: an empty file beside it, locked as SQLite locks, which the kernel undoes
 * with the process, however it ends, and whatever container it ran in. What is no such file (one with something in it, a folder, one that
 * cannot be opened) is nobody's presence, and is left where it lies.
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
    const path = this.#prefix + name
    if (!/^[0-9a-f]{16}$/.test(name) || !isEmptyFile(path)) return false
    const state = stateOf(path)
    if (state === 'left behind') removeIfAllowed(path)
    return state === 'locked'
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
      const { mtimeMs } = lstatSync(join(folder, file), { throwIfNoEntry: false }) ?? { mtimeMs: Number.POSITIVE_INFINITY }
      if (Date.now() - mtimeMs > leftBehindAfterMs) this.isPresent(join(folder, file).slice(this.#prefix.length))
    }
  }
}

/** Nothing is ever written to a presence. */
function isEmptyFile(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.size === 0
}

function stateOf(path: string): 'locked' | 'left behind' | 'no presence' {
  let other: DatabaseSync | undefined
  try {
    other = new DatabaseSync(path, { timeout: 0 })
    other.exec('BEGIN EXCLUSIVE')
    return 'left behind'
  } catch (error) {
    // Whatever else SQLite says of this file is no trouble of the database beside it.
    return isBusy(error) ? 'locked' : 'no presence'
  } finally {
    other?.close()
  }
}

function removeIfAllowed(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Another user's in a folder where only owners remove: it says nothing, and stays.
  }
}
