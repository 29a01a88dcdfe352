import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import { storageError, systemErrorCode } from '../base/errors.ts'

/** Files that come in parts, in any order and side by side: the parts wait in a folder until all are there. */
export interface PartUploads {
  /** Remembers `about` with the upload, also across restarts, and forgets the old ones. */
  begin(about: string): Promise<string>
  /** Takes a part, or a part anew; what it answers proves that its bytes arrived. `not_found` without the upload. */
  put(id: string, part: number, body: AsyncIterable<Uint8Array>): Promise<string>
  /** What was remembered. */
  about(id: string): Promise<string>
  /** The whole file. `invalid_argument` when parts are missing, out of order, or not those that arrived. */
  whole(id: string, parts: readonly { number: number; proof: string }[]): Promise<Readable>
  /** Removes the uploads that nobody has touched for a day. */
  forgetOld(): Promise<void>
  /** Idempotent. */
  remove(id: string): Promise<void>
}

export const mostParts = 10_000
const keptMs = 24 * 3_600_000
const idPattern = /^[0-9a-f]{64}$/

export function createPartUploads(folder: string, clock: Clock): PartUploads {
  const placeOf = (id: string): string => {
    if (!idPattern.test(id)) throw noUpload(id)
    return join(folder, id)
  }
  const about = async (id: string): Promise<string> => {
    try {
      return await readFile(join(placeOf(id), 'about'), 'utf8')
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') throw noUpload(id)
      throw error instanceof AppError ? error : storageError('Cannot read an upload', error)
    }
  }
  const forgetOld = async (): Promise<void> => {
    const names = await readdir(folder).catch(() => [])
    for (const name of names.filter((each) => idPattern.test(each))) {
      const info = await stat(join(folder, name)).catch(() => undefined)
      if (info && info.mtimeMs < clock.nowMs() - keptMs) await rm(join(folder, name), { recursive: true, force: true })
    }
  }
  return {
    forgetOld,
    async begin(text) {
      await forgetOld()
      const id = randomBytes(32).toString('hex')
      try {
        await mkdir(placeOf(id), { recursive: true, mode: 0o700 })
        await writeFile(join(placeOf(id), 'about'), text)
      } catch (error) {
        throw storageError('Cannot begin an upload', error)
      }
      return id
    },
    async put(id, part, body) {
      await about(id)
      checkPart(part)
      try {
        return await storePart(placeOf(id), part, body)
      } catch (error) {
        // It was given up meanwhile.
        if (systemErrorCode(error) === 'ENOENT') throw noUpload(id)
        throw storageError(`Cannot store part ${part} of an upload`, error)
      }
    },
    about,
    async whole(id, parts) {
      await about(id)
      const place = placeOf(id)
      const stored = new Set(await readdir(place).catch(() => []))
      if (parts.length === 0) throw wrongParts('it has no parts')
      const names = parts.map(({ number, proof }, at) => {
        if (number !== at + 1) throw wrongParts('the parts must be numbered 1, 2, 3… in this order')
        const name = `${number}.${proof.replaceAll('"', '')}`
        if (!stored.has(name)) throw wrongParts(`part ${number} did not arrive, or is another one than its etag says`)
        return join(place, name)
      })
      return Readable.from(joined(names))
    },
    remove: (id) => rm(placeOf(id), { recursive: true, force: true }),
  }
}

const noUpload = (id: string): AppError =>
  new AppError('not_found', `There is no upload '${id.slice(0, 80)}'; it is complete, aborted or older than a day.`, {
    details: { record: 'upload' },
  })

const wrongParts = (reason: string): AppError =>
  new AppError('invalid_argument', `The upload cannot be completed: ${reason}.`, { details: { record: 'upload' } })

function checkPart(part: number): void {
  if (!Number.isSafeInteger(part) || part < 1 || part > mostParts)
    throw new AppError('invalid_argument', `The number of a part is a whole number from 1 to ${mostParts}.`)
}

async function* joined(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) for await (const chunk of createReadStream(file)) yield chunk as Uint8Array
}

/** Under its number and what its bytes hash to, so that a part that came twice is there once. */
async function storePart(place: string, part: number, body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const half = join(place, `${part}-${randomBytes(6).toString('hex')}.half`)
  try {
    await pipeline(Readable.from(body), counting, createWriteStream(half))
    const proof = hash.digest('hex')
    await rename(half, join(place, `${part}.${proof}`))
    return proof
  } catch (error) {
    await rm(half, { force: true })
    throw error
  }
}
