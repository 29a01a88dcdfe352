import { close, fdatasync, open } from 'node:fs'
import { promisify } from 'node:util'
import type { AppError } from '@trainyard/contract'
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
  #failure: AppError | undefined

  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`
  }

  /**
   * Resolves when every commit so far is on disk. After a failure it stays unsound: the system reports a lost write once, to the
   * descriptor that asked, and a later success says nothing about what was lost then.
   */
  async sync(): Promise<void> {
    try {
      const file = await (this.#file ??= promisify(open)(this.#path, 'r+'))
      await syncFile(file)
    } catch (error) {
      this.#failure = storageError(`Cannot write ${this.#path} to the disk`, error)
      await this.close()
      throw this.#failure
    }
  }

  /** Why what was committed may not be on disk; undefined while all is well. */
  get failure(): AppError | undefined {
    return this.#failure
  }

  /** All of it has been moved into the database since, and that is on disk. */
  recovered(): void {
    this.#failure = undefined
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (!file) return
    // One that could not be opened is closed already, and one that could not be written says nothing new here.
    await file.then(promisify(close)).catch(() => undefined)
  }
}
