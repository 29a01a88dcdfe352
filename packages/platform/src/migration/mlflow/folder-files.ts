import { type Dirent, existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AppError, isAppError } from '@trainyard/contract'
import { load } from 'js-yaml'
import { messageOf, systemErrorCode, systemReason } from '../../base/errors.ts'
import type { Unread } from '../source.ts'
import type { JsonMessage } from './rest-client.ts'

/** What a record's files tell, or why they cannot be read. */
export async function orUnread<Item>(id: string, read: () => Promise<Item>): Promise<Item | Unread> {
  try {
    return await read()
  } catch (error) {
    const unread = isAppError(error)
      ? error
      : new AppError('invalid_argument', `Its files cannot be read: ${systemReason(error)}.`, { cause: error })
    return { id, unread }
  }
}

/** Nothing for a folder that is not there. */
export async function foldersIn(path: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).sort((left, right) => (left.name < right.name ? -1 : 1))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw new AppError('permission_denied', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
  }
}

/** Files below a folder, with `/` between the parts of their paths: keys may hold slashes. */
export async function* leaves(root: string): AsyncGenerator<string> {
  if (!existsSync(root)) return
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  yield* paths.sort()
}

/** The texts of the files below a folder, by path. */
export async function textsIn(root: string): Promise<Record<string, string>> {
  const texts = Object.create(null) as Record<string, string>
  for await (const key of leaves(root)) texts[key] = await readFile(join(root, key), 'utf8')
  return texts
}

/** `invalid_argument` names the file when it cannot be read. */
export async function readYaml(path: string): Promise<JsonMessage> {
  try {
    const value: unknown = load(await readFile(path, 'utf8'))
    if (typeof value === 'object' && value !== null) return value as JsonMessage
  } catch (error) {
    throw new AppError('invalid_argument', `${path} cannot be read: ${messageOf(error).split('\n')[0]}.`, { cause: error })
  }
  throw new AppError('invalid_argument', `${path} is empty or no YAML of MLflow.`)
}
