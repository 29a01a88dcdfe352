import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { AppError, isAppError } from '@trainyard/contract'
import { messageOf } from '../../base/errors.ts'

/** What an archive of code may hold. */
export interface ArchiveLimits {
  /** Of everything unpacked. */
  totalBytes: number
  entries: number
}

export const usualLimits: ArchiveLimits = { totalBytes: 2 * 1024 ** 3, entries: 100_000 }

/** Names that `unpackArchive` understands. */
export const isArchiveName = (name: string): boolean => /\.(?:tar|tar\.gz|tgz|zip|whl)$/i.test(name)

/**
 * Unpacks a TAR (plain or gzip) or ZIP archive into an empty folder; the bytes tell which, not the name. Refuses what leads out of the
 * folder, links and devices, and what grows beyond the limits: `invalid_argument` names the entry. What was unpacked by then is left
 * for the caller to remove.
 */
export async function unpackArchive(
  path: string,
  folder: string,
  limits: ArchiveLimits = usualLimits,
  source = path,
): Promise<void> {
  const kind = await kindOf(path)
  const taker = new EntryTaker(folder, limits, source)
  try {
    if (kind === 'zip') await unpackZip(path, taker)
    else if (kind === 'unknown')
      throw new AppError('invalid_argument', `${source} is no archive that can be read: expected .tar, .tar.gz or .zip.`)
    else await unpackTar(path, kind === 'gzip', taker)
  } catch (error) {
    if (isAppError(error)) throw error
    throw new AppError('invalid_argument', `${source} cannot be unpacked: ${messageOf(error).replace(/\.$/, '')}.`, {
      cause: error,
    })
  }
  if (taker.count === 0) throw new AppError('invalid_argument', `${source} is empty: it holds no files.`)
}

async function kindOf(path: string): Promise<'zip' | 'gzip' | 'tar' | 'unknown'> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0)
  const start = buffer.subarray(0, bytesRead)
  if (start.subarray(0, 2).equals(Buffer.from('PK'))) return 'zip'
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip'
  return start.subarray(257, 262).toString('latin1') === 'ustar' || isOldTar(start) ? 'tar' : 'unknown'
}

/** Archives from before POSIX have no mark: the sum over the header must be right. */
function isOldTar(header: Buffer): boolean {
  if (header.length < 512) return false
  const told = Number.parseInt(
    header
      .subarray(148, 156)
      .toString('latin1')
      .replaceAll(/[^0-7]/g, ''),
    8,
  )
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  return told === sum
}

/** Puts entries into the folder, and refuses what does not belong there. */
class EntryTaker {
  readonly #folder: string
  readonly #limits: ArchiveLimits
  readonly #source: string
  #bytes = 0
  count = 0

  constructor(folder: string, limits: ArchiveLimits, source: string) {
    this.#folder = folder
    this.#limits = limits
    this.#source = source
  }

  refuse(reason: string): AppError {
    return new AppError('invalid_argument', `${this.#source} is refused: ${reason}.`)
  }

  /** Where the entry goes; undefined for the folder itself. */
  placeOf(name: string): string | undefined {
    const shown = name.length > 80 ? `…${name.slice(-80)}` : name
    if (/^(?:[A-Za-z]:|[\\/])/.test(name)) throw this.refuse(`the entry ${shown} has an absolute path`)
    const parts = name.split(/[\\/]/).filter((part) => part !== '' && part !== '.')
    if (parts.includes('..')) throw this.refuse(`the entry ${shown} leads out of the archive's folder`)
    if (name.includes('\0')) throw this.refuse('an entry has a NUL in its name')
    if (++this.count > this.#limits.entries) throw this.refuse(`it has more than ${this.#limits.entries} entries`)
    return parts.length === 0 ? undefined : join(this.#folder, ...parts)
  }

  refuseLink(name: string, kind: string): AppError {
    return this.refuse(`the entry ${name.slice(-80)} is a ${kind}; an archive of code has files and folders only`)
  }

  checkSize(more: number): void {
    if (this.#bytes + more > this.#limits.totalBytes)
      throw this.refuse(`it unpacks to more than ${this.#limits.totalBytes} bytes`)
  }

  /** Headers and padding count too: an archive of nothing but zeros is a bomb as well. */
  checkRead(bytes: number): void {
    const { totalBytes, entries } = this.#limits
    if (bytes > totalBytes + entries * 2_048) throw this.refuse(`it unpacks to more than ${totalBytes} bytes`)
  }

  /** Counts what really arrives: what an archive says of its sizes is its own claim. */
  meter(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length
        done(
          this.#bytes > this.#limits.totalBytes ? this.refuse(`it unpacks to more than ${this.#limits.totalBytes} bytes`) : null,
          chunk,
        )
      },
    })
  }

  async takeFile(place: string, content: Readable, isExecutable: boolean): Promise<void> {
    await mkdir(dirname(place), { recursive: true })
    await pipeline(content, this.meter(), createWriteStream(place, { mode: isExecutable ? 0o755 : 0o644 }))
  }
}

const tarFolders = new Set(['Directory', 'GNUDumpDir'])
const tarFiles = new Set(['File', 'OldFile', 'ContiguousFile'])

async function unpackTar(path: string, isGzip: boolean, taker: EntryTaker): Promise<void> {
  const { Parser } = await import('tar')
  let failure: Error | undefined
  let last: Promise<void> = Promise.resolve()
  const fail = (error: unknown): void => void (failure ??= error instanceof Error ? error : new Error(String(error)))
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const take = async (): Promise<void> => {
        const place = taker.placeOf(entry.path)
        if (tarFolders.has(entry.type) || place === undefined) {
          if (place !== undefined) await mkdir(place, { recursive: true })
          entry.resume()
          return
        }
        if (!tarFiles.has(entry.type))
          throw taker.refuseLink(entry.path, entry.type.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase())
        taker.checkSize(entry.size ?? 0)
        await taker.takeFile(place, Readable.from(entry as AsyncIterable<Buffer>), ((entry.mode ?? 0) & 0o100) !== 0)
      }
      last = Promise.all([last, take()]).then(
        () => undefined,
        (error: unknown) => {
          fail(error)
          entry.resume()
        },
      )
    },
  })
  parser.on('error', fail)
  const drained = (): Promise<void> => new Promise((resolve) => parser.once('drain', () => resolve()))
  const file = createReadStream(path)
  const bytes = isGzip ? file.pipe(createGunzip()) : file
  if (bytes !== file) file.once('error', (error) => bytes.destroy(error))
  let passed = 0
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    passed += chunk.length
    taker.checkRead(passed)
    if (!failure && !parser.write(chunk) && !failure) await Promise.race([drained(), last])
    if (failure) break
  }
  if (failure) throw failure
  const ended = new Promise<void>((resolve) => {
    parser.once('end', () => resolve())
    parser.once('error', () => resolve())
  })
  parser.end()
  await ended
  await last
  if (failure) throw failure as Error
}

async function unpackZip(path: string, taker: EntryTaker): Promise<void> {
  // A CommonJS package, whose names a bundle does not see.
  const { default: yauzl } = await import('yauzl')
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, strictFileNames: true })
  try {
    for await (const entry of zip.eachEntry()) {
      const place = taker.placeOf(entry.fileName)
      const mode = entry.externalFileAttributes >>> 16
      if (entry.fileName.endsWith('/') || place === undefined) {
        if (place !== undefined) await mkdir(place, { recursive: true })
        continue
      }
      if ((mode & 0o170_000) === 0o120_000) throw taker.refuseLink(entry.fileName, 'symbolic link')
      if (entry.isEncrypted()) throw taker.refuse(`the entry ${entry.fileName.slice(-80)} is encrypted`)
      taker.checkSize(entry.uncompressedSize)
      const content = await zip.openReadStreamPromise(entry)
      // One that lies about its size complains once for each piece, also when the first complaint was heard.
      content.on('error', () => undefined)
      await taker.takeFile(place, content, (mode & 0o100) !== 0)
    }
  } finally {
    zip.close()
  }
}
