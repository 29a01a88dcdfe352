import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runIdPattern } from '@trainyard/contract'
import { storageError, systemErrorCode } from '../base/errors.ts'

/**
 * Which runs are to be sent to which server: one small file for each, `<data>/outbox/<run id>`, that holds the server's address. It is
 * there before the run's record is, and goes when the server has everything. What has been sent is not kept here: the server is asked.
 */
export class Outbox {
  readonly #folder: string

  constructor(dataDirectory: string) {
    this.#folder = join(dataDirectory, 'outbox')
  }

  add(runId: string, url: string): void {
    const path = join(this.#folder, runId)
    try {
      mkdirSync(this.#folder, { recursive: true })
      writeFileSync(`${path}.new`, `${url}\n`, { flush: true })
      renameSync(`${path}.new`, path)
    } catch (error) {
      throw storageError(`Cannot write ${path}`, error)
    }
  }

  remove(runId: string): void {
    rmSync(join(this.#folder, runId), { force: true })
  }

  /** Oldest first. */
  list(): { runId: string; url: string }[] {
    return this.#names()
      .filter((name) => runIdPattern.test(name))
      .sort()
      .flatMap((runId) => {
        const url = this.#read(runId)
        return url === undefined ? [] : [{ runId, url }]
      })
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder)
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return []
      throw storageError(`Cannot read ${this.#folder}`, error)
    }
  }

  #read(runId: string): string | undefined {
    try {
      return readFileSync(join(this.#folder, runId), 'utf8').trim()
    } catch (error) {
      // Another process has sent the rest meanwhile.
      if (systemErrorCode(error) === 'ENOENT') return undefined
      throw storageError(`Cannot read ${join(this.#folder, runId)}`, error)
    }
  }
}
