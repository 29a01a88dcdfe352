import type { JsonObject, JsonValue } from '@trainyard/contract'
import { toWireNumber } from '@trainyard/contract/json'

const depthLimit = 64
const boxes = new Set(['[object Number]', '[object String]', '[object Boolean]'])

/**
 * Any value as JSON: NaN and infinities as text, dates as ISO 8601, big integers as numbers where exact, maps as objects, sets and
 * typed arrays as lists. `undefined` and functions have no JSON form. Throws a `TypeError` for cycles and for more than 64 levels.
 */
export function toJsonValue(value: unknown, depth = 0): JsonValue | undefined {
  switch (typeof value) {
    case 'number':
      return toWireNumber(value)
    case 'string':
      return value.toWellFormed()
    case 'boolean':
      return value
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    case 'object':
      return value === null ? null : objectToJson(value, depth + 1)
    default:
      return undefined
  }
}

function objectToJson(value: object, depth: number): JsonValue | undefined {
  if (depth > depthLimit) throw new TypeError(`it holds itself or is nested more than ${depthLimit} levels deep`)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if ('toJSON' in value && typeof value.toJSON === 'function') return toJsonValue(value.toJSON(), depth)
  if (boxes.has(Object.prototype.toString.call(value))) return toJsonValue(value.valueOf(), depth)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Map) return entriesToJson(value.entries(), depth)
  if (Array.isArray(value) || value instanceof Set || (ArrayBuffer.isView(value) && Symbol.iterator in value)) {
    return Array.from(value as Iterable<unknown>, (item) => toJsonValue(item, depth) ?? null)
  }
  return entriesToJson(Object.entries(value), depth)
}

function entriesToJson(entries: Iterable<[unknown, unknown]>, depth: number): JsonObject {
  const result: JsonObject = {}
  for (const [key, item] of entries) {
    const json = toJsonValue(item, depth)
    // A key named __proto__ must become a key, not a prototype.
    if (json !== undefined) setOwn(result, String(key).toWellFormed(), json)
  }
  return result
}

const setOwn = (target: JsonObject, key: string, value: JsonValue): void => {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  else target[key] = value
}

interface Scalar {
  item?: () => unknown
  dataSync?: () => ArrayLike<unknown>
  size?: number
}

/**
 * What a metric may be: numbers, big integers, booleans (1 and 0), number objects, and tensors of one value (`item()` or
 * `dataSync()`). `undefined` for everything else, text included.
 */
export function toMetricNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (typeof value !== 'object' || value === null) return undefined
  const plain: unknown = value.valueOf()
  if (typeof plain === 'number' || typeof plain === 'bigint' || typeof plain === 'boolean') return Number(plain)
  const tensor: Scalar = value
  if (typeof tensor.item === 'function') return toMetricNumber(tensor.item())
  if (typeof tensor.dataSync === 'function' && tensor.size === 1) return toMetricNumber(tensor.dataSync()[0])
  return ArrayBuffer.isView(value) && 'length' in value && value.length === 1
    ? toMetricNumber((value as ArrayBufferView & ArrayLike<unknown>)[0])
    : undefined
}

/** A value as it may stand in a sentence: short, on one line. */
export function quoteForSentence(value: unknown): string {
  let text: string
  try {
    const json = toJsonValue(value)
    text = json === undefined ? String(value) : JSON.stringify(json)
  } catch {
    text = Object.prototype.toString.call(value)
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
