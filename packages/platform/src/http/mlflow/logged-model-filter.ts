import type { LoggedModelCondition, LoggedModelSort } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import { type Clause, comparatorOf, numberOf, numericComparators, readClauses, textComparisons } from './filter-reader.ts'

const attributes = {
  name: 'name',
  model_id: 'id',
  model_type: 'type',
  status: 'status',
  source_run_id: 'sourceRun',
  creation_timestamp: 'created',
  creation_time: 'created',
  last_updated_timestamp: 'updated',
  last_updated_time: 'updated',
} as const
type AttributeName = keyof typeof attributes

const scopes: Record<string, 'tag' | 'param' | 'metric'> = { tags: 'tag', params: 'param', metrics: 'metric' }

const statuses: Record<string, string> = {
  READY: 'ready',
  LOGGED_MODEL_READY: 'ready',
  PENDING: 'pending',
  LOGGED_MODEL_PENDING: 'pending',
  FAILED: 'failed',
  LOGGED_MODEL_UPLOAD_FAILED: 'failed',
}

export const parseModelFilter = (filter: string): LoggedModelCondition[] => readClauses(filter).map(toCondition)

function toCondition(clause: Clause): LoggedModelCondition {
  const { entity, key } = clause.identifier
  const scope = entity === undefined || entity === 'attributes' ? undefined : scopes[entity]
  if (scope === 'metric')
    return {
      field: { scope, name: key },
      operator: comparatorOf(clause, numericComparators),
      values: [numberOf(clause, 'metric')],
    }
  if (scope !== undefined) return { field: { scope, name: key }, ...textComparisons(clause, 'attribute') }
  if (entity !== undefined && entity !== 'attributes')
    throw invalid(
      `Invalid entity type '${entity}' in '${entity}.${key}'. Valid values are ['attributes', 'metrics', 'params', 'tags']`,
    )
  if (!Object.hasOwn(attributes, key))
    throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${Object.keys(attributes).join(', ')}'`)
  const name = attributes[key as AttributeName]
  const field = { scope: 'attribute', name } as const
  if (name === 'created' || name === 'updated')
    return { field, operator: comparatorOf(clause, numericComparators), values: [numberOf(clause, 'numeric attribute')] }
  const condition = textComparisons(clause, 'attribute')
  if (name !== 'status') return { field, ...condition }
  return { field, ...condition, values: condition.values.map((value) => statuses[value] ?? value) }
}

interface OrderBy {
  field_name?: string
  ascending?: boolean
  dataset_name?: string
  dataset_digest?: string
}

export function parseModelOrder(orders: readonly OrderBy[]): LoggedModelSort[] {
  return orders.map(({ field_name = '', ascending, dataset_name, dataset_digest }) => {
    const direction = ascending === false ? 'descending' : 'ascending'
    if (field_name.startsWith('metrics.')) {
      const dataset = {
        ...(dataset_name ? { name: dataset_name } : {}),
        ...(dataset_digest ? { digest: dataset_digest } : {}),
      }
      return { field: { scope: 'metric', name: field_name.slice('metrics.'.length) }, direction, dataset }
    }
    const name = Object.hasOwn(attributes, field_name) ? attributes[field_name as AttributeName] : undefined
    if (name === undefined || name === 'sourceRun')
      throw invalid(
        `Invalid order by field '${field_name}'. Order by an attribute such as creation_timestamp, or by metrics.<key>.`,
      )
    return { field: { scope: 'attribute', name }, direction }
  })
}
