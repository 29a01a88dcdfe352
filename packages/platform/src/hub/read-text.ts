import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import { type Fetch, guardedFetch } from '../base/guarded-fetch.ts'

const largestBytes = 20 * 1024 * 1024
const patienceMs = 20_000

/** The text of a file of a hub that lies at `root`. A hub is somebody else's: `permission_denied` for links that lead out of it. */
export function readText(path: string, root: string): string {
  try {
    const place = realpathSync(path)
    if (!place.startsWith(realpathSync(root) + sep))
      throw new AppError('permission_denied', `${path} is a link that leads out of its hub.`)
    return readPlain(place, path)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('not_found', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
  }
}

/** Opened without waiting, and without following what was put there meanwhile: a pipe that nobody writes to would hold up everything. */
function readPlain(place: string, path: string): string {
  const file = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const about = fstatSync(file)
    if (!about.isFile()) throw new AppError('invalid_argument', `${path} is no plain file.`)
    if (about.size > largestBytes) throw new AppError('invalid_argument', `${path} is larger than 20 MB.`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** The text at an address: undefined where there is nothing of that name; `unavailable` when nobody answers. */
export type FetchText = (url: string) => Promise<string | undefined>

/** Unless `allowPrivate`, `permission_denied` for addresses of this machine and of private networks. */
export const textFetcher =
  ({ allowPrivate }: { allowPrivate: boolean }): FetchText =>
  (url) =>
    fetchText(url, allowPrivate ? fetch : guardedFetch)

async function fetchText(url: string, get: Fetch): Promise<string | undefined> {
  let answer: Response
  try {
    answer = await get(new URL(url), { signal: AbortSignal.timeout(patienceMs), headers: { 'user-agent': 'trainyard-hub' } })
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('unavailable', `Cannot reach the hub at ${url}: ${systemReason(error)}.`, { cause: error })
  }
  if (answer.status === 404 || answer.status === 403) return undefined
  if (!answer.ok) throw new AppError('unavailable', `The hub answered with ${answer.status} for ${url}.`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true })
    if (text.length > largestBytes) throw new AppError('invalid_argument', `${url} is larger than 20 MB.`)
  }
  return text
}
