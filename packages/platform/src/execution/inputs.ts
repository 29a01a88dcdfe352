import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError, isAppError, type JobSpec } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import {
  downloadDirectory,
  downloadObject,
  hasFolders,
  type ObjectAddress,
  openObject,
  parseObjectUrl,
  shortened,
} from '../objects/index.ts'
import type { Ground } from './execution.ts'

interface StageOptions {
  onNote: (line: string) => void
  signal: AbortSignal
}

/**
 * Makes every declared input a local file before the run starts, so that a wrong address fails in the first second. Local files stay
 * where they are; others are downloaded once per content (by their ETag) into `<data>/inputs` and resumed when interrupted.
 */
export async function stageInputs(
  ground: Ground,
  inputs: Readonly<Record<string, string>>,
  options: StageOptions,
): Promise<JobSpec['inputs']> {
  const staged = await Promise.all(
    Object.entries(inputs).map(async ([key, url]) => [key, { url, path: await stageInput(ground, key, url, options) }] as const),
  )
  return Object.fromEntries(staged)
}

async function stageInput(ground: Ground, key: string, url: string, options: StageOptions): Promise<string> {
  try {
    const place = parseObjectUrl(url, ground.objects)
    if (place.scheme === 'file') {
      await stat(place.path)
      return place.path
    }
    const from = await openObject(url, ground.objects)
    const info = await from.store.head(from.key, { signal: options.signal })
    const address = from.store.urlOf(from.key)
    const held = parseObjectUrl(address, ground.objects)
    if (held.scheme === 'file') {
      const path = localPathOf(ground, address)
      // A model is a folder.
      if (info === undefined && !existsSync(path)) throw new AppError('not_found', `there is nothing at ${url}`)
      return path
    }
    if (info === undefined && !hasFolders(held)) throw new AppError('not_found', `there is nothing at ${url} (HTTP 404)`)
    if (info === undefined) return await stageFolder(ground, from, { ...options, key, url, address })
    const name = createHash('sha256')
      .update(JSON.stringify([address, info.etag, info.sizeBytes, info.modifiedAtMs]))
      .digest('hex')
      .slice(0, 32)
    const folder = join(ground.directory.path, 'inputs', name)
    const path = join(folder, basename(from.key) || 'input')
    if ((await stat(path).catch(() => undefined))?.size === info.sizeBytes && info.etag !== undefined) return path
    options.onNote(`fetching ${key} from ${url}`)
    await mkdir(folder, { recursive: true })
    await downloadObject(from, path, { signal: options.signal })
    return path
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'invalid_argument'
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const why = missing ? 'there is no such file' : messageOf(error).replace(/\.$/, '')
    throw new AppError(code === 'aborted' ? code : 'invalid_argument', `Input "${key}" (${shortened(url)}): ${why}.`, {
      cause: error,
    })
  }
}

/** A folder, such as a model: fetched anew each time, because nothing tells whether all of it is as it was. */
async function stageFolder(
  ground: Ground,
  from: ObjectAddress,
  { key, url, address, onNote, signal }: StageOptions & { key: string; url: string; address: string },
): Promise<string> {
  const folder = join(ground.directory.path, 'inputs', createHash('sha256').update(address).digest('hex').slice(0, 32))
  onNote(`fetching ${key} from ${url}`)
  try {
    await downloadDirectory(from.store, from.key, folder, { signal })
  } catch (error) {
    if (isAppError(error, 'not_found')) throw new AppError('not_found', `there is nothing at ${url}`, { cause: error })
    throw error
  }
  return folder
}

const localPathOf = (ground: Ground, address: string): string => {
  const place = parseObjectUrl(address, ground.objects)
  return place.scheme === 'file' ? place.path : address
}
