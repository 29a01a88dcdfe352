import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'

/** Where the hash itself stands in `metadata`. */
export type HashField = 'hash' | 'uid'

/**
 * SHA-1 of a document, 40 hex digits, by the recipe of MLRun's server: `metadata` with an empty tag and hash, without times and
 * status, as Python prints JSON with sorted keys. The order of keys makes no difference; a whole number with a decimal point counts
 * as the whole number.
 */
export function contentHash(body: JsonObject, hashField: HashField = 'hash'): string {
  const { created: _created, ...metadata } = isJsonObject(body['metadata']) ? body['metadata'] : {}
  const plain = { ...body, metadata: { ...metadata, tag: '', [hashField]: '', updated: null }, status: null }
  return createHash('sha1').update(pythonJson(plain)).digest('hex')
}

/** As `json.dumps(value, sort_keys=True)` of Python prints it. */
function pythonJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (isJsonObject(value)) {
    // Python sorts by code points, and so must we: halves of pairs would come before U+E000.
    const keys = Object.keys(value).toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    return `{${keys.map((key) => `${pythonText(key)}: ${pythonJson(value[key] ?? null)}`).join(', ')}}`
  }
  return typeof value === 'string' ? pythonText(value) : String(value)
}

const pythonText = (text: string): string =>
  JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (letter) =>
    letter === '\u007f' ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
