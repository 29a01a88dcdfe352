import * as fc from 'fast-check'
import type { TSchema } from 'typebox'

interface Shape {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Shape[]
  properties?: Record<string, Shape>
  patternProperties?: Record<string, Shape>
  required?: string[]
  items?: Shape
  minItems?: number
  minimum?: number
  maximum?: number
  minLength?: number
  pattern?: string
}

/** Values that fit a schema, mostly: lists stay short, texts are odd ones. */
export const valuesOf = (schema: TSchema): fc.Arbitrary<unknown> => fit(schema)

const texts = fc.oneof(
  fc.constantFrom(
    'a',
    'default',
    'latest',
    'created desc',
    "state = 'running'",
    'max.a',
    '..',
    '/etc/passwd',
    'file:///etc',
    '%2e%2e/',
  ),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
)

function fit(shape: Shape): fc.Arbitrary<unknown> {
  if ('const' in shape) return fc.constant(shape.const)
  if (shape.enum) return fc.constantFrom(...shape.enum)
  if (shape.anyOf) return fc.oneof(...shape.anyOf.map(fit))
  switch (shape.type) {
    case 'string':
      return shape.pattern === undefined ? texts : fc.oneof(fc.stringMatching(new RegExp(shape.pattern)), texts)
    case 'integer':
      return fc.oneof(fc.integer({ min: shape.minimum ?? -10, max: Math.min(shape.maximum ?? 100, 1_000) }), fc.maxSafeInteger())
    case 'number':
      return fc.double()
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fit(shape.items ?? {}), { minLength: shape.minItems ?? 0, maxLength: (shape.minItems ?? 0) + 2 })
    case 'object':
      return objects(shape)
    default:
      return fc.jsonValue({ maxDepth: 3 })
  }
}

function objects({ properties, patternProperties, required }: Shape): fc.Arbitrary<unknown> {
  const pattern = Object.values(patternProperties ?? {})[0]
  if (pattern) return fc.dictionary(texts, fit(pattern), { maxKeys: 3 })
  if (!properties) return fc.jsonValue({ maxDepth: 2 })
  const fields = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, fit(each)]))
  return fc.record(fields, { requiredKeys: required ?? [] })
}
