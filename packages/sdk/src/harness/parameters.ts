import type { JsonObject, JsonValue } from '@trainyard/contract'
import { nearestName } from '@trainyard/contract/nearest'
import type { TSchema } from 'typebox'
import { HarnessError } from '../context/run-error.ts'
import { quoteForSentence } from '../journal/json-value.ts'

/** The part of JSON Schema that conversion looks at; checking looks at all of it. */
interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  default?: JsonValue
  additionalProperties?: unknown
}

/**
 * The parameters a handler asked for: text converted to their types, defaults filled in, everything checked. `texts` are the values
 * as typed on the command line. Throws `invalid_parameter` naming the parameter, the value and the right form.
 */
export async function bindParameters(
  definition: TSchema,
  given: JsonObject,
  texts: Record<string, string> = {},
): Promise<JsonObject> {
  const schema = definition as Schema
  const properties = schema.properties ?? {}
  if (schema.additionalProperties === undefined || schema.additionalProperties === false)
    refuseUnknown(Object.keys(properties), given)
  const bound: JsonObject = { ...given }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(given, name)) bound[name] = convert(property, given[name]!, texts[name])
    else if (property.default !== undefined) bound[name] = structuredClone(property.default)
    else if (schema.required?.includes(name)) {
      throw invalid(`Parameter '${name}' is missing: give it as -p ${name}=<${formOf(property)}>.`)
    }
  }
  await check(properties, bound)
  return bound
}

const invalid = (sentence: string): HarnessError => new HarnessError('invalid_parameter', sentence)

/** Throws `invalid_parameter` for the first given name that is not known. */
export function refuseUnknown(known: readonly string[], given: JsonObject): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const near = nearestName(name, known)
    const hint = near ? `did you mean '${near}'?` : known.length > 0 ? `it takes ${known.join(', ')}.` : 'it takes no parameters.'
    throw invalid(`The handler has no parameter '${name}': ${hint}`)
  }
}

/** Checked one by one, so that each sentence names its parameter. The checker is loaded only here: it takes tens of milliseconds. */
async function check(properties: Record<string, Schema>, bound: JsonObject): Promise<void> {
  const { Check, Errors } = await import('typebox/schema')
  for (const [name, property] of Object.entries(properties)) {
    if (!Object.hasOwn(bound, name) || Check(property, bound[name])) continue
    const [, errors] = Errors(property, bound[name])
    const deep = errors.find(({ instancePath }) => instancePath !== '')
    const where = deep ? ` (at ${deep.instancePath.slice(1).replaceAll('/', '.')}: ${deep.message})` : rangeOf(errors)
    throw invalid(`Parameter '${name}' is ${quoteForSentence(bound[name])}; it should be ${formOf(property)}${where}.`)
  }
}

const rangeOf = (errors: readonly { keyword: string; message: string }[]): string => {
  const told = errors.find(({ keyword }) => !['type', 'anyOf', 'const', 'enum'].includes(keyword))
  return told ? `; it ${told.message}` : ''
}

/** What a value must look like, in words. */
export function formOf(schema: Schema): string {
  const choices =
    schema.enum ??
    (schema.anyOf?.every((option) => option.const !== undefined) ? schema.anyOf.map((option) => option.const) : undefined)
  if (choices) return `one of ${choices.map((choice) => quoteForSentence(choice)).join(', ')}`
  if (schema.const !== undefined) return quoteForSentence(schema.const)
  if (schema.anyOf) return schema.anyOf.map(formOf).join(' or ')
  switch (schema.type) {
    case 'integer':
      return 'a whole number'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'text'
    case 'array':
      return `a list such as [1,2]${schema.items?.type ? ` (each ${formOf(schema.items)})` : ''}`
    case 'object':
      return 'a JSON object such as {"a":1}'
    case 'null':
      return 'null'
    default:
      return 'a JSON value'
  }
}

const words: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}

/** Only conversions that lose nothing; what does not convert stays as it is, for the check to refuse. */
export function convert(schema: Schema, value: JsonValue, text?: string): JsonValue {
  if (schema.anyOf) return convertToOne(schema.anyOf, value, text)
  const options = schema.enum ?? (schema.const === undefined ? undefined : [schema.const])
  if (options) return options.includes(value) ? value : (choiceFor(options, text ?? value) ?? value)
  switch (schema.type) {
    case 'string':
      return typeof value === 'string'
        ? value
        : (text ?? (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value))
    case 'number':
    case 'integer':
      return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value
    case 'boolean':
      return typeof value === 'boolean' ? value : (words[quoteForSentence(value).replaceAll('"', '').toLowerCase()] ?? value)
    case 'array':
      return convertToList(schema, value)
    case 'object':
      return convertToObject(schema, value)
    default:
      return value
  }
}

const choiceFor = (options: readonly unknown[], value: unknown): JsonValue | undefined =>
  options.find((option) => String(option) === String(value)) as JsonValue | undefined

/** The first option whose kind the value has after conversion; the exact kind first, so that `1` stays a number in `number | string`. */
function convertToOne(options: readonly Schema[], value: JsonValue, text: string | undefined): JsonValue {
  if (options.some((option) => hasKind(option, value))) return value
  for (const option of options) {
    const converted = convert(option, value, text)
    if (hasKind(option, converted)) return converted
  }
  return value
}

function hasKind(schema: Schema, value: JsonValue): boolean {
  if (schema.const !== undefined) return schema.const === value
  if (schema.enum) return schema.enum.includes(value)
  if (schema.type === 'integer') return Number.isInteger(value)
  if (schema.type === 'array') return Array.isArray(value)
  if (schema.type === 'null') return value === null
  if (schema.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return schema.type === undefined || typeof value === schema.type
}

function parsed(value: JsonValue): JsonValue {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as JsonValue
  } catch {
    return value
  }
}

function convertToList(schema: Schema, value: JsonValue): JsonValue {
  const list = parsed(value)
  const items = Array.isArray(list)
    ? list
    : typeof value === 'string' && value !== ''
      ? value.split(',').map((item) => item.trim())
      : undefined
  if (!items) return value
  return schema.items ? items.map((item) => convert(schema.items!, item)) : items
}

function convertToObject(schema: Schema, value: JsonValue): JsonValue {
  const object = parsed(value)
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return value
  const properties = schema.properties ?? {}
  const converted: JsonObject = { ...object }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(converted, name)) converted[name] = convert(property, converted[name]!)
    else if (property.default !== undefined) converted[name] = structuredClone(property.default)
  }
  return converted
}
