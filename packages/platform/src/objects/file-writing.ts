import { randomBytes } from 'node:crypto'
import { copyFile, type FileHandle, link, lstat, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { BodyMeter, isLocalFile, type LocalFile } from './body.ts'
import { type FilePlace, fileError, retryMissingFolder } from './file-place.ts'
import type { ObjectBody, PutOptions, StoredObject } from './object-store.ts'

/** Names of files that are being written; listings pass them over. */
export const partialPrefix = '.trainyard-partial-'

export interface FileWriter {
  /** Writes beside the target, flushes to the disk, then shows it under its name. Null when `ifAbsent` and something is there. */
  write(key: string, body: ObjectBody, options: PutOptions, ifAbsent: boolean): Promise<StoredObject | null>
  copy(source: string, toKey: string): Promise<void>
}

export function createFileWriter(place: FilePlace): FileWriter {
  const swept = new Set<string>()

  const temporaryFor = (key: string): Promise<{ target: string; temporary: string; handle: FileHandle }> =>
    retryMissingFolder(async () => {
      const target = await place.prepare(key)
      const folder = dirname(target)
      const temporary = join(folder, `${partialPrefix}${randomBytes(8).toString('hex')}`)
      const handle = await open(temporary, 'wx', 0o666)
      if (!swept.has(folder)) {
        swept.add(folder)
        await sweepPartials(folder)
      }
      return { target, temporary, handle }
    }).catch((error: unknown) => {
      throw fileError(`Cannot write "${key}"`, error)
    })

  const write: FileWriter['write'] = async (key, body, options, ifAbsent) => {
    if (isLocalFile(body) && body.move && !ifAbsent) {
      const moved = await moveIntoPlace(place, key, body, options)
      if (moved) return moved
    }
    const { target, temporary, handle } = await temporaryFor(key)
    try {
      const stored = await writeDurably(handle, key, body, options)
      const shown = await show(temporary, target, ifAbsent)
      if (!shown) return null
      if (isLocalFile(body) && body.move) await rm(body.path)
      return stored
    } catch (error) {
      throw fileError(`Cannot write "${key}"`, error)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  return {
    write,
    async copy(source, toKey) {
      const { target, temporary, handle } = await temporaryFor(toKey)
      try {
        await handle.close()
        await copyFile(source, temporary)
        await syncPath(temporary)
        await show(temporary, target, false)
      } catch (error) {
        throw fileError(`Cannot write "${toKey}"`, error)
      } finally {
        await rm(temporary, { force: true })
      }
    },
  }
}

async function writeDurably(handle: FileHandle, key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
  const meter = new BodyMeter(`Storing "${key}"`, options)
  try {
    await writeAll(handle, meter.through(body), options.ownsPieces ? giveBack : undefined)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return meter.finish()
}

/** A socket gives 64 KB at a time; written one by one, 10 MB wait 160 times for a thread. */
const writtenAtOnceBytes = 1024 * 1024

/** Writes a megabyte while the next one comes in; never holds more than the two. */
async function writeAll(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  afterWriting?: (chunks: readonly Uint8Array[]) => void,
): Promise<void> {
  const write = async (written: readonly Uint8Array[]): Promise<void> => {
    await writeChunks(handle, written)
    afterWriting?.(written)
  }
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let writing: Promise<void> = Promise.resolve()
  for await (const chunk of chunks) {
    waiting.push(chunk)
    waitingBytes += chunk.byteLength
    if (waitingBytes < writtenAtOnceBytes) continue
    await writing
    writing = write(waiting)
    // Told by the next await; without this, a source that fails meanwhile would leave it unheard.
    writing.catch(() => undefined)
    waiting = []
    waitingBytes = 0
  }
  await writing
  await write(waiting)
}

/**
 * Memory of pieces that have one to themselves. Left to the garbage collector, the pieces that a socket gives make it look through all
 * of the heap after every 30 MB, which was half of the processor time of an upload.
 */
function giveBack(chunks: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of chunks)
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

async function writeChunks(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  if (chunks.length === 0) return
  let { bytesWritten } = await handle.writev(chunks)
  // A disk that is nearly full takes a part; the rest then fails with the reason.
  for (const chunk of chunks) {
    for (let done = Math.min(bytesWritten, chunk.byteLength); done < chunk.byteLength;)
      done += (await handle.write(chunk, done)).bytesWritten
    bytesWritten = Math.max(0, bytesWritten - chunk.byteLength)
  }
}

/** Gives a finished file its name, durably. False when `ifAbsent` and the name is taken. */
async function show(temporary: string, target: string, ifAbsent: boolean): Promise<boolean> {
  if (ifAbsent) {
    try {
      await link(temporary, target)
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') return false
      throw error
    }
  } else {
    await rename(temporary, target)
  }
  await syncPath(dirname(target))
  return true
}

/** Null when the file has to be copied: another file system, a link, or somebody still writes into it. */
async function moveIntoPlace(place: FilePlace, key: string, body: LocalFile, options: PutOptions): Promise<StoredObject | null> {
  const before = await lstat(body.path).catch(() => undefined)
  if (!before?.isFile() || before.nlink > 1) return null
  try {
    const folder = dirname(await retryMissingFolder(() => place.prepare(key)))
    if ((await stat(folder)).dev !== before.dev) return null
    const meter = new BodyMeter(`Storing "${key}"`, options)
    for await (const _ of meter.through(body));
    const stored = meter.finish()
    const after = await lstat(body.path)
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size || stored.sizeBytes !== after.size) return null
    await syncPath(body.path)
    await retryMissingFolder(async () => rename(body.path, await place.prepare(key)))
    await syncPath(folder)
    return stored
  } catch (error) {
    if (systemErrorCode(error) === 'EXDEV') return null
    throw fileError(`Cannot write "${key}"`, error)
  }
}

/** Flushes a file, or the names in a folder, to the disk. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const staleAfterMs = 24 * 60 * 60 * 1000

/** What a killed process left behind; a day is longer than any write that still lives. */
async function sweepPartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(partialPrefix)) continue
    const path = join(folder, name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats && Date.now() - stats.mtimeMs > staleAfterMs) await rm(path, { force: true })
  }
}
