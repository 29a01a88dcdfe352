import { AppError } from '@trainyard/contract'

const maximumKeyBytes = 1024

/** Returns the key when every store can hold it; see `ObjectStore` for the rule. */
export function checkObjectKey(key: string): string {
  const problem = problemOf(key)
  if (problem)
    throw new AppError('invalid_argument', `The object key ${quoted(key)} ${problem}.`, { details: { key: key.slice(0, 200) } })
  return key
}

function problemOf(key: string): string | undefined {
  if (key === '') return 'is empty'
  if (key.includes('\0')) return 'contains a NUL character'
  if (!key.isWellFormed()) return 'contains half of a surrogate pair, which no store can hold'
  if (Buffer.byteLength(key) > maximumKeyBytes) return `is longer than ${maximumKeyBytes.toLocaleString('en')} bytes`
  if (key.startsWith('/')) return 'begins with "/"; a key is relative'
  for (const part of key.split('/')) {
    if (part === '') return 'has an empty part ("//" or a "/" at its end)'
    if (part === '.' || part === '..') return `has a part "${part}", which could leave the store`
  }
  return undefined
}

const quoted = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text)

/** The order in which every store lists: by UTF-8 bytes, as S3 does. */
export const compareKeys = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))

/** Puts a folder before keys: `joinKey('a/', 'b')` and `joinKey('a', 'b')` are `a/b`, `joinKey('', 'b')` is `b`. */
export const joinKey = (prefix: string, key: string): string => (prefix === '' ? key : `${prefix.replace(/\/+$/, '')}/${key}`)
