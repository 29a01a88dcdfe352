import { close, fdatasync, open } from 'node:fs'
import { promisify } from 'node:util'
import { storageError } from '../../base/errors.ts'

/** A descriptor with a callback: the promises of `node:fs/promises` cost 10 µs more, as much as all of SQLite's part. */
const syncFile = promisify(fdatasync)

/**
 * SQLite's write-ahead log, of which `COMMIT` has appended the changes and nobody has told the disk yet. With `synchronous=FULL`
 * SQLite does that itself, but inside the call, and the event loop stands still for as long as the disk takes (0.2 to 2 ms); here a
 * thread of Node's pool waits, and the requests that arrive meanwhile form the next group. What SQLite syncs on its own account,
 * before and after a checkpoint, stays as it is.
 *
 * The log is the same file for as long as a connection is open. Closing a second descriptor of it drops no lock: SQLite's locks lie
 * on the database and its index of the log.
 */
export class LogFile {
  readonly #path: string
  #file: Promise<number> | undefined

  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`
  }

  /** Resolves when every commit so far is on disk. */
  async sync(): Promise<void> {
    try {
      const file = await (this.#file ??= promisify(open)(this.#path, 'r+'))
      await syncFile(file)
    } catch (error) {
      this.#file = undefined
      throw storageError(`Cannot write ${this.#path} to the disk`, error)
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file) await promisify(close)(await file)
  }
}
