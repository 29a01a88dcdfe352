import type { ExperimentCondition, ExperimentSort } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import {
  type Clause,
  comparatorOf,
  numberOf,
  numericComparators,
  readClauses,
  readOrder,
  textComparison,
} from './filter-reader.ts'

const attributes = { name: 'name', creation_time: 'created', last_update_time: 'updated' } as const

export const parseExperimentFilter = (filter: string): ExperimentCondition[] =>
  readClauses(filter, { keepCase: true }).map(toCondition)

function toCondition(clause: Clause): ExperimentCondition {
  const { entity, key } = clause.identifier
  if (entity === 'tag' || entity === 'tags') return { field: { scope: 'tag', name: key }, ...textComparison(clause, 'tag') }
  checkEntity(entity, key)
  if (!Object.hasOwn(attributes, key))
    throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${Object.keys(attributes).join(', ')}'`)
  const name = attributes[key as keyof typeof attributes]
  const field = { scope: 'attribute', name } as const
  if (name === 'name') return { field, ...textComparison(clause, 'attribute') }
  return { field, operator: comparatorOf(clause, numericComparators), value: numberOf(clause, 'numeric attribute') }
}

function checkEntity(entity: string | undefined, key: string): void {
  if (entity !== undefined && entity !== 'attribute' && entity !== 'attributes')
    throw invalid(`Invalid entity type '${entity}' in '${entity}.${key}'. Valid values are ['attribute', 'tag']`)
}

export function parseExperimentOrder(clauses: readonly string[]): ExperimentSort[] {
  return clauses.map((clause) => {
    const { identifier, direction } = readOrder(clause)
    const { entity, key } = identifier
    if (entity !== undefined && entity !== 'attribute' && entity !== 'attributes')
      throw invalid(`Invalid order_by entity: ${entity}`)
    if (key === 'experiment_id') return { field: 'id', direction }
    if (Object.hasOwn(attributes, key)) return { field: attributes[key as keyof typeof attributes], direction }
    throw invalid(
      `Invalid attribute key '${key}' specified. Valid keys are 'name, experiment_id, creation_time, last_update_time'`,
    )
  })
}
