import { isJsonObject, type JsonObject } from '@trainyard/contract'

/** The document with the members of `patch` in it, at every depth; `null` removes. Lists are replaced, or made longer. */
export function mergeDocuments(document: JsonObject, patch: JsonObject, lists: 'replace' | 'add'): JsonObject {
  const merged: JsonObject = { ...document }
  for (const [key, value] of Object.entries(patch)) {
    const known = merged[key]
    if (value === null) delete merged[key]
    else if (isJsonObject(known) && isJsonObject(value)) merged[key] = mergeDocuments(known, value, lists)
    else if (lists === 'add' && Array.isArray(known) && Array.isArray(value)) merged[key] = [...known, ...value]
    // An own member even when it is called __proto__.
    else Object.defineProperty(merged, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return merged
}
