import { isDeepStrictEqual } from 'node:util'
import { diffLines, isJsonObject, type JsonObject, type JsonValue, type LineChange } from '@trainyard/contract'
import { fromFunctionDocument, type FunctionDocument } from './function-document.ts'

/** A field that differs, as `spec.resources.limits.cpu`; null where one does not have it. */
export interface FieldChange {
  path: string
  before: JsonValue
  after: JsonValue
}

export interface FunctionDifference {
  fields: FieldChange[]
  /** Lines of the code that differ, with a few around them. */
  code: LineChange[]
}

const ownPlaces = new Set([
  'metadata.tag',
  'metadata.hash',
  'metadata.updated',
  'metadata.created',
  'spec.build.functionSourceCode',
])

/** What differs between two versions: every field by its path, and the code line by line. */
export function compareFunctions(before: FunctionDocument, after: FunctionDocument): FunctionDifference {
  const fields = compareFields(before, after).filter(({ path }) => !ownPlaces.has(path))
  return { fields, code: diffLines(codeOf(before), codeOf(after)) }
}

/** What differs between two documents, `status` left out: every field by its path. What is empty is as good as not there. */
export function compareFields(before: JsonObject, after: JsonObject): FieldChange[] {
  const [left, right] = [flatten(before), flatten(after)]
  const paths = Array.from(new Set([...left.keys(), ...right.keys()])).toSorted()
  return paths.flatMap((path) => {
    const [one, other] = [left.get(path) ?? null, right.get(path) ?? null]
    return isDeepStrictEqual(one, other) ? [] : [{ path, before: one, after: other }]
  })
}

const codeOf = (document: FunctionDocument): string => fromFunctionDocument(document).code ?? ''

/** Lists are values: an element more would else shift all that follow. */
function flatten(document: JsonObject, prefix = ''): Map<string, JsonValue> {
  const flat = new Map<string, JsonValue>()
  for (const [key, value] of Object.entries(document)) {
    const path = `${prefix}${key}`
    if (prefix === '' && key === 'status') continue
    if (isJsonObject(value)) for (const [inner, each] of flatten(value, `${path}.`)) flat.set(inner, each)
    else if (value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)) flat.set(path, value)
  }
  return flat
}
