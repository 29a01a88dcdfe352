import { randomBytes } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { deepestBody, isDeeperThan } from '../json-depth.ts'
import { invalid } from './errors.ts'

/**
 * JSON as Python writes and reads it: the words NaN, Infinity and -Infinity stand for numbers. Nobody can guess the mark under which
 * they pass through the parser, so no text of a user is taken for one.
 */
const mark = `number ${randomBytes(12).toString('hex')} `
const words: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** `invalid_argument` for what is no JSON, and for what is nested too deeply. */
export function parseJson(text: string): JsonValue {
  if (isDeeperThan(text, deepestBody)) throw invalid(`The JSON is nested more than ${deepestBody} levels deep.`)
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw invalid(`The body is not valid JSON: ${(error as Error).message}.`)
  }
  try {
    return JSON.parse(withMarks(text), (_key, value: JsonValue) =>
      typeof value === 'string' && value.startsWith(mark) ? words[value.slice(mark.length)]! : value,
    ) as JsonValue
  } catch (error) {
    throw invalid(`The body is not valid JSON: ${(error as Error).message}.`)
  }
}

/** Only words between values are numbers; those within texts stay. */
const withMarks = (text: string): string =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs, (found) => (found.startsWith('"') ? found : JSON.stringify(mark + found)))

/** Most documents hold no such number, and a look for them costs a fifth of writing with one in mind. */
export function writeJson(value: unknown): string {
  if (!holdsWord(value)) return JSON.stringify(value)
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? `${mark}${part}` : part,
  )
  return text.replaceAll(new RegExp(`"${mark}(-?[A-Za-z]+)"`, 'g'), '$1')
}

function holdsWord(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsWord)
  for (const name in value) if (holdsWord((value as Record<string, unknown>)[name])) return true
  return false
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
