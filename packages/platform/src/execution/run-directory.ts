import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { storageError, systemErrorCode } from '../base/errors.ts'

/** The working folder of one live run: its journals, its captured output, its spooled artifacts. */
export interface RunDirectory {
  readonly path: string
  readonly output: string
}

export const runDirectoryOf = (runsFolder: string, runId: string): RunDirectory => {
  const path = join(runsFolder, runId)
  return { path, output: join(path, 'output') }
}

export function createRunDirectory(runsFolder: string, runId: string): RunDirectory {
  const directory = runDirectoryOf(runsFolder, runId)
  try {
    // Not `recursive`, which tells of a read-only file system as of a missing folder.
    mkdirSync(directory.path)
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return directory
    throw storageError(`Cannot make the run's working folder ${directory.path}`, error)
  }
  return directory
}

/**
 * A fresh folder for another attempt at a run that has output already. The new output file begins with a hole as long as that
 * (no bytes on disk), so that a place in the file is the same place in the log, for this supervisor and for one that takes over.
 */
export function renewRunDirectory(runsFolder: string, runId: string, outputBytes: number): RunDirectory {
  removeRunDirectory(runDirectoryOf(runsFolder, runId))
  const directory = createRunDirectory(runsFolder, runId)
  try {
    writeFileSync(directory.output, '')
    truncateSync(directory.output, outputBytes)
  } catch (error) {
    throw storageError(`Cannot write ${directory.output}`, error)
  }
  return directory
}

export const removeRunDirectory = (directory: RunDirectory): void => rmSync(directory.path, { recursive: true, force: true })

export const journalsIn = (directory: RunDirectory): string[] =>
  existsSync(directory.path)
    ? readdirSync(directory.path)
        .filter((name) => name.startsWith('journal-') && name.endsWith('.jsonl'))
        .sort()
    : []

/** Reads a growing file piece by piece. The file may not exist yet; a file that shrank is read from where it was. */
export class FileTail {
  readonly #path: string
  #descriptor: number | undefined
  offset: number

  constructor(path: string, offset = 0) {
    this.#path = path
    this.offset = offset
  }

  /** The next bytes, at most `limitBytes`; undefined when there is nothing new. Does not move `offset`: the caller does. */
  peek(limitBytes: number): Buffer | undefined {
    if (this.#descriptor === undefined) {
      try {
        this.#descriptor = openSync(this.#path, 'r')
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      }
    }
    const available = fstatSync(this.#descriptor).size - this.offset
    if (available <= 0) return undefined
    const buffer = Buffer.allocUnsafe(Math.min(available, limitBytes))
    const length = readSync(this.#descriptor, buffer, 0, buffer.length, this.offset)
    return length > 0 ? buffer.subarray(0, length) : undefined
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}
