import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { parsePythonJson } from '@trainyard/contract/python-json'
import { deepestBody, isDeeperThan } from '../json-depth.ts'
import { invalid } from './errors.ts'

/** JSON as Python writes and reads it. `invalid_argument` for what is no JSON, and for what is nested too deeply. */
export function parseJson(text: string): JsonValue {
  if (isDeeperThan(text, deepestBody)) throw invalid(`The JSON is nested more than ${deepestBody} levels deep.`)
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw invalid(`The body is not valid JSON: ${(error as Error).message}.`)
  }
}

/** What this server has stored: its depth was looked at when it came. */
export function parseStored(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return parseJson(text)
  }
}

/** The object at a path of names; an empty one where there is none. */
export function objectAt(value: JsonValue | undefined, ...names: string[]): JsonObject {
  let found: JsonValue | undefined = value
  for (const name of names) found = isJsonObject(found) ? found[name] : undefined
  return isJsonObject(found) ? found : {}
}

export const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export const textsOf = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []

/** Its texts by name; numbers and truth values as texts, the rest is left out. */
export function labelsOf(value: JsonValue | undefined): Record<string, string> {
  const labels = Object.create(null) as Record<string, string>
  for (const [name, each] of Object.entries(isJsonObject(value) ? value : {}))
    if (typeof each === 'string') labels[name] = each
    else if (typeof each === 'number' || typeof each === 'boolean') labels[name] = String(each)
  return labels
}
