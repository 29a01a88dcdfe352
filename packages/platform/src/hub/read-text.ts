import { readFileSync, statSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import { type Fetch, guardedFetch } from '../base/guarded-fetch.ts'

const largestBytes = 20 * 1024 * 1024
const patienceMs = 20_000

export function readText(path: string): string {
  try {
    if (statSync(path).size > largestBytes) throw new AppError('invalid_argument', `${path} is larger than 20 MB.`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('not_found', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
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
