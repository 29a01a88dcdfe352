import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'

/** The value at `spec.build.image`, or undefined. */
export function readPath(document: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = document
  for (const key of path.split('.')) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

/** Puts a value there, making tables on the way; undefined takes it away. Changes the document. */
export function writePath(document: JsonObject, path: string, value: JsonValue | undefined): void {
  const keys = path.split('.')
  const last = keys.pop()!
  let table = document
  for (const key of keys) {
    const next = table[key]
    if (isJsonObject(next)) table = next
    else if (value === undefined) return
    else table = table[key] = {}
  }
  if (value === undefined) delete table[last]
  else table[last] = value
}
