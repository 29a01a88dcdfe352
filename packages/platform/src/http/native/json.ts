import { AppError } from '@trainyard/contract'
import { deepestBody, isDeeperThan } from '../json-depth.ts'

/** NaN and the infinities as texts: JSON has no other way to keep them. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part))

/** A body as JSON; empty means an empty object. `invalid_argument` when it is none, or nested too deeply. */
export function readJson(body: string): unknown {
  if (body.trim() === '') return {}
  if (isDeeperThan(body, deepestBody))
    throw new AppError('invalid_argument', `The body is nested more than ${deepestBody} levels deep.`)
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new AppError('invalid_argument', 'The body is not valid JSON.', { cause: error })
  }
}
