import { AppError } from '@trainyard/contract'
import type { GetOptions, ListOptions } from './object-store.ts'

export interface ByteRange {
  offset: number
  /** Exclusive; infinite when the size is not known and the end was asked for. */
  end: number
}

/** The part of an object of `sizeBytes` that was asked for; empty (`offset === end`) past its end. */
export function resolveRange(
  options: Pick<GetOptions, 'offset' | 'lengthBytes'>,
  sizeBytes = Number.POSITIVE_INFINITY,
): ByteRange {
  const { offset = 0, lengthBytes = Number.POSITIVE_INFINITY } = options
  for (const [name, value] of [
    ['offset', offset],
    ['lengthBytes', lengthBytes],
  ] as const) {
    if (!(value >= 0) || (Number.isFinite(value) && !Number.isSafeInteger(value))) {
      throw new AppError('invalid_argument', `A byte range needs a whole number of at least 0 as ${name}, not ${value}.`)
    }
  }
  const start = Math.min(offset, sizeBytes)
  return { offset: start, end: Math.min(offset + lengthBytes, sizeBytes) }
}

/** The value of a `Range` header, or undefined for the whole object. */
export const rangeHeader = ({ offset, end }: ByteRange): string | undefined =>
  offset === 0 && end === Number.POSITIVE_INFINITY ? undefined : `bytes=${offset}-${Number.isFinite(end) ? end - 1 : ''}`

const maximumPage = 1000

export function pageLimit({ limit = maximumPage }: Pick<ListOptions, 'limit'>): number {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new AppError('invalid_argument', `A page of a listing needs a whole number of at least 1 as limit, not ${limit}.`)
  }
  return Math.min(limit, maximumPage)
}
