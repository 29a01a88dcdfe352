import { type FileHandle, open } from 'node:fs/promises'
import { storageError } from '../../base/errors.ts'

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
  #file: Promise<FileHandle> | undefined

  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`
  }

  /** Resolves when every commit so far is on disk. */
  async sync(): Promise<void> {
    try {
      const file = await (this.#file ??= open(this.#path, 'r+'))
      await file.datasync()
    } catch (error) {
      this.#file = undefined
      throw storageError(`Cannot write ${this.#path} to the disk`, error)
    }
  }

  async close(): Promise<void> {
    await (await this.#file)?.close()
    this.#file = undefined
  }
}
