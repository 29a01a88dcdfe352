import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'

/** Bytes to store: text is written as UTF-8; pieces are written one by one. */
export type ArtifactBody = string | NodeJS.ArrayBufferView | ArrayBuffer | Iterable<string | NodeJS.ArrayBufferView>

/**
 * The run's `files/` folder: bytes lie there, as they were when they were logged, until the supervisor has moved them to the out path.
 * Names are made here and are unique over the processes and threads of a run.
 */
export class Spool {
  readonly #runDirectory: string
  #count = 0

  constructor(runDirectory: string) {
    this.#runDirectory = runDirectory
  }

  /** Writes `body`; returns the path relative to the run directory. A failed write leaves nothing behind and throws. */
  write(body: ArtifactBody, name: string): string {
    return this.#place(this.#next(name), (target) => writeBody(target, body))
  }

  /** Copies a file, or a folder with all it holds, links followed. Shares blocks where the file system can; memory stays flat. */
  copy(source: string, name: string): { file: string; directory: boolean } {
    const directory = isDirectory(source)
    const file = this.#place(this.#next(name), (target) => copyAny(source, target, realpathSync(this.#runDirectory)))
    return { file, directory }
  }

  /** Makes a folder and lets `fill` put files into it. */
  folder(name: string, fill: (folder: SpoolFolder) => void): string {
    return this.#place(this.#next(name), (target) => {
      mkdirSync(target)
      fill(new SpoolFolder(target, realpathSync(this.#runDirectory)))
    })
  }

  #next(name: string): string {
    return `files/${process.pid}-${threadId}-${++this.#count}-${name.replaceAll('/', '_').slice(-80)}`
  }

  #place(relative: string, fill: (target: string) => void): string {
    const target = join(this.#runDirectory, relative)
    mkdirSync(dirname(target), { recursive: true })
    try {
      fill(target)
    } catch (error) {
      rmSync(target, { recursive: true, force: true })
      throw error
    }
    return relative
  }
}

/** A folder in the spool while it is being filled; names are relative paths without `..`. */
export class SpoolFolder {
  readonly #path: string
  readonly #excluded: string

  constructor(path: string, excluded: string) {
    this.#path = path
    this.#excluded = excluded
  }

  write(name: string, body: ArtifactBody): void {
    mkdirSync(dirname(join(this.#path, name)), { recursive: true })
    writeBody(join(this.#path, name), body)
  }

  /** Copies a file or folder to `name`; `''` copies a folder's content into this one. */
  copy(source: string, name: string): void {
    mkdirSync(dirname(join(this.#path, name)), { recursive: true })
    copyAny(source, join(this.#path, name), this.#excluded)
  }
}

function isDirectory(source: string): boolean {
  const status = statSync(source)
  if (status.isFile() || status.isDirectory()) return status.isDirectory()
  throw new Error(`${source} is neither a file nor a folder`)
}

function copyAny(source: string, target: string, excluded: string): void {
  if (isDirectory(source)) copyFolder(source, target, [excluded])
  else copyFileSync(source, target, constants.COPYFILE_FICLONE)
}

function writeBody(target: string, body: ArtifactBody): void {
  const descriptor = openSync(target, 'w')
  try {
    for (const piece of piecesOf(body)) writeWhole(descriptor, piece)
  } finally {
    closeSync(descriptor)
  }
}

function* piecesOf(body: ArtifactBody): Generator<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (ArrayBuffer.isView(body)) yield new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  else if (body instanceof ArrayBuffer) yield new Uint8Array(body)
  else for (const piece of body) yield* piecesOf(piece)
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  let offset = 0
  while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset)
}

/** `entered` holds the real paths of the folders above and of the run's own folder: neither is copied into itself. */
function copyFolder(source: string, target: string, entered: readonly string[]): void {
  const real = realpathSync(source)
  if (entered.includes(real)) return
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(source)) {
    if (name === '.trainyard') continue
    const from = join(source, name)
    const status = statSync(from, { throwIfNoEntry: false })
    if (status?.isDirectory()) copyFolder(from, join(target, name), [...entered, real])
    else if (status?.isFile()) copyFileSync(from, join(target, name), constants.COPYFILE_FICLONE)
  }
}
