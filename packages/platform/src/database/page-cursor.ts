import { AppError } from '@trainyard/contract'

/** A place in the order of that signature, as clients carry it from page to page. */
export const encodeCursor = (signature: string, place: readonly unknown[]): string =>
  Buffer.from(JSON.stringify([signature, place])).toString('base64url')

/** `invalid_argument` for what is no cursor of the order, or holds another number of values or other ones than `isValue`. */
export function decodeCursor<Value>(
  cursor: string,
  order: { signature: string; size: number; isValue: (value: unknown) => value is Value },
): Value[] {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw noCursor()
  }
  if (!Array.isArray(parts) || parts.length !== 2) throw noCursor()
  const [signature, place] = parts as [unknown, unknown]
  if (signature !== order.signature) throw noCursor('belongs to another order')
  if (!Array.isArray(place) || place.length !== order.size || !place.every(order.isValue)) throw noCursor()
  return place
}

/** What is said of a cursor that cannot be read. */
export const noCursor = (reason = 'is not one of ours'): AppError =>
  new AppError('invalid_argument', `The cursor ${reason}; ask for the first page again.`, { details: { record: 'cursor' } })

/** What keys of an order hold; NaN and infinities are nowhere in JSON. */
export const isKey = (value: unknown): value is string | number => typeof value === 'string' || Number.isFinite(value)
