import type { EvaluationDatasetCondition, EvaluationDatasetQuery } from '../../evaluation/index.ts'
import { invalid } from './errors.ts'
import {
  type Clause,
  comparatorOf,
  numberOrTextOf,
  numericComparators,
  readClauses,
  readOrder,
  textComparison,
  textComparisons,
} from './filter-reader.ts'

const numbers = { created_time: 'created', last_update_time: 'updated' } as const
const texts = { name: 'name', created_by: 'createdBy', last_updated_by: 'updatedBy' } as const
const orders = { name: 'name', ...numbers } as const

export const parseDatasetFilter = (filter: string): EvaluationDatasetCondition[] => readClauses(filter).map(toCondition)

function toCondition(clause: Clause): EvaluationDatasetCondition {
  const { entity, key } = clause.identifier
  if (entity === 'tags') {
    const { operator, value } = textComparison(clause, 'tag')
    return { field: { scope: 'tag', name: key }, operator, values: [value] }
  }
  if (entity !== undefined) throw invalid(`Invalid identifier token '${entity}' specified`)
  if (isKeyOf(numbers, key)) {
    const value = numberOrTextOf(clause, 'numeric attribute')
    if (!Number.isSafeInteger(value)) throw invalid(`Invalid value for numeric attribute '${key}': '${value}'`)
    const operator = comparatorOf(clause, numericComparators)
    return { field: { scope: 'attribute', name: numbers[key] }, operator, values: [value] }
  }
  if (!isKeyOf(texts, key))
    throw invalid(
      `Invalid attribute key '${key}' specified. Valid keys are: ${[...Object.keys(texts), ...Object.keys(numbers)].join(', ')}`,
    )
  const field = { scope: 'attribute', name: texts[key] } as const
  const { operator, values } = textComparisons(clause, 'attribute')
  if (operator === 'not in' || (operator === 'in' && key !== 'name'))
    throw invalid("List values for 'name' are only supported with the IN comparator.")
  return { field, operator, values }
}

const isKeyOf = <Keys extends object>(keys: Keys, key: string): key is Extract<keyof Keys, string> => Object.hasOwn(keys, key)

export const parseDatasetOrder = (clauses: readonly string[]): NonNullable<EvaluationDatasetQuery['sort']> =>
  clauses.map((clause) => {
    const { identifier, direction } = readOrder(clause)
    const { entity, key } = identifier
    if (entity !== undefined) throw invalid(`Invalid order_by entity: ${entity}`)
    if (!isKeyOf(orders, key))
      throw invalid(`Invalid attribute key '${key}' specified. Valid keys are: ${Object.keys(orders).join(', ')}`)
    return { field: orders[key], direction }
  })
