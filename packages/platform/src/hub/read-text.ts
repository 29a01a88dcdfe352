import { readFileSync, statSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'

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

/** Undefined where there is nothing of that name; `unavailable` when nobody answers. */
export async function fetchText(url: string): Promise<string | undefined> {
  let answer: Response
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs), headers: { 'user-agent': 'trainyard-hub' } })
  } catch (error) {
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
