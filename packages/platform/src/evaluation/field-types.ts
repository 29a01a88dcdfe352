import type { ExactValue, ExactValues } from '../base/exact-json.ts'
import type { EvaluationSchema, FieldType, NewEvaluationRecord } from './evaluation.ts'

/** The schema with what records have and it has not. */
export function widenSchema(known: EvaluationSchema | null, records: readonly NewEvaluationRecord[]): EvaluationSchema | null {
  if (records.length === 0) return known
  const schema: EvaluationSchema = known ?? { inputs: {}, outputs: {}, expectations: {} }
  for (const { inputs, outputs, expectations } of records) {
    widen(schema.inputs, inputs)
    widen(schema.expectations, expectations ?? {})
    if (outputs === undefined || outputs === null) continue
    if (isValues(outputs)) {
      if (typeof schema.outputs === 'object') widen(schema.outputs, outputs)
    } else if (Object.keys(schema.outputs).length === 0) schema.outputs = fieldType(outputs)
  }
  return schema
}

function widen(fields: Record<string, FieldType>, values: ExactValues): void {
  for (const [name, value] of Object.entries(values)) if (!Object.hasOwn(fields, name)) fields[name] = fieldType(value)
}

export const isValues = (value: ExactValue): value is ExactValues =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function fieldType(value: ExactValue): FieldType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'boolean':
      return 'boolean'
    case 'bigint':
      return 'integer'
    case 'number':
      return 'float'
    case 'string':
      return 'string'
    default:
      return 'object'
  }
}
