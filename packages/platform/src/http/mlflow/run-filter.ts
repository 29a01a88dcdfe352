import type { ComparisonOperator, RunAttribute, RunField, RunFilter, RunSort } from '@trainyard/contract'
import type { DatasetCondition } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import {
  type Clause,
  comparatorOf,
  type Identifier,
  listOf,
  numberOf,
  numericComparators,
  readClauses,
  readOrder,
  textComparators,
  textComparison as readTextComparison,
  textComparisons,
  textOf,
} from './filter-reader.ts'
import { statesByStatus, statesWhere } from './run-status.ts'

export interface RunSearch {
  filter: RunFilter | undefined
  dataset: DatasetCondition[]
}

/** A search of runs as its clients write it, as a tree of the one filter language. */
export function parseRunFilter(filter: string): RunSearch {
  const parts: RunFilter[] = []
  const dataset: DatasetCondition[] = []
  for (const clause of readClauses(filter)) {
    const entity = entityOf(clause.identifier)
    if (entity === 'dataset') dataset.push(toDatasetCondition(clause))
    else parts.push(toFilter(clause, entity))
  }
  return { filter: allOf(parts), dataset }
}

const allOf = (parts: readonly RunFilter[]): RunFilter | undefined =>
  parts.length === 0 ? undefined : parts.reduce((left, right) => ({ type: 'and', left, right }))

type Entity = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'

const entities: Record<string, Entity> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attr: 'attribute',
  attribute: 'attribute',
  attributes: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
}

function entityOf({ entity, key }: Identifier): Entity {
  if (entity === undefined) return 'attribute'
  if (Object.hasOwn(entities, entity)) return entities[entity]!
  throw invalid(
    `Invalid entity type '${entity}' in '${entity}.${key}'. Valid values are ['attribute', 'metric', 'parameter', 'tag', 'dataset']`,
  )
}

const attributeNames: Record<string, string> = {
  'run name': 'run_name',
  'Run name': 'run_name',
  'Run Name': 'run_name',
  created: 'start_time',
  Created: 'start_time',
}

/** What an attribute is called with us; `status` and `artifact_uri` are worked out. */
const attributes: Record<string, RunAttribute> = {
  run_id: 'id',
  run_name: 'name',
  status: 'state',
  user_id: 'owner',
  artifact_uri: 'id',
  start_time: 'created',
  end_time: 'ended',
}

function attributeOf({ key }: Identifier): string {
  const name = attributeNames[key] ?? key
  if (Object.hasOwn(attributes, name)) return name
  throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${Object.keys(attributes).join(', ')}'`)
}

function toFilter(clause: Clause, entity: Exclude<Entity, 'dataset'>): RunFilter {
  const { key } = clause.identifier
  switch (entity) {
    case 'metric':
      return comparison({ scope: 'metrics', name: key }, comparatorOf(clause, numericComparators), numberOf(clause, 'metric'))
    case 'param':
      return textComparison({ scope: 'params', name: key }, clause, 'parameter')
    case 'tag':
      return toTagFilter(key, clause)
    default:
      return toAttributeFilter(clause)
  }
}

const comparison = (field: RunField, operator: ComparisonOperator, value: string | number): RunFilter => ({
  type: 'comparison',
  field,
  operator,
  value,
})

function textComparison(field: RunField, clause: Clause, entity: string): RunFilter {
  if (clause.value.kind === 'null') {
    if (entity !== 'parameter' && entity !== 'tag')
      throw invalid(`IS NULL asks for parameters and tags only, not for '${clause.identifier.key}'.`)
    return { type: 'null', field, negated: clause.comparator === 'IS NOT NULL' }
  }
  const { operator, value } = readTextComparison(clause, entity)
  return comparison(field, operator, value)
}

/** Tags that stand for what the record knows itself are looked for there; a label of that name, where there is one, wins. */
function toTagFilter(key: string, clause: Clause): RunFilter {
  const ofAttribute = (name: RunAttribute) => textComparison({ scope: 'attribute', name }, clause, 'tag')
  if (key === 'mlflow.runName') return ofAttribute('name')
  const label: RunField = { scope: 'labels', name: key }
  const ofLabel = textComparison(label, clause, 'tag')
  if (clause.comparator === 'IS NULL') {
    if (key === 'mlflow.user')
      return { type: 'not', operand: { type: 'null', field: { scope: 'attribute', name: 'owner' }, negated: true } }
    if (key === 'mlflow.parentRunId') return { type: 'and', left: ofAttribute('parent'), right: ofLabel }
  }
  if (key === 'mlflow.parentRunId') return { type: 'or', left: ofAttribute('parent'), right: ofLabel }
  if (key !== 'mlflow.user') return ofLabel
  const without: RunFilter = { type: 'null', field: label, negated: false }
  return { type: 'or', left: ofLabel, right: { type: 'and', left: without, right: ofAttribute('owner') } }
}

function toAttributeFilter(clause: Clause): RunFilter {
  const attribute = attributeOf(clause.identifier)
  const field: RunField = { scope: 'attribute', name: attributes[attribute]! }
  switch (attribute) {
    case 'start_time':
    case 'end_time':
      return comparison(field, comparatorOf(clause, numericComparators), numberOf(clause, 'numeric attribute'))
    case 'run_id':
      if (clause.comparator === 'IN' || clause.comparator === 'NOT IN')
        return { type: 'in', field, values: listOf(clause), negated: clause.comparator === 'NOT IN' }
      return textComparison(field, clause, 'attribute')
    case 'status':
      return toStatusFilter(field, clause)
    case 'artifact_uri':
      return toPlaceFilter(field, clause)
    default:
      return textComparison(field, clause, 'attribute')
  }
}

function toStatusFilter(field: RunField, clause: Clause): RunFilter {
  const comparator = comparatorOf(clause, textComparators)
  const text = textOf(clause, 'attribute')
  const accepts = {
    '=': (status: string) => status === text,
    '!=': (status: string) => status !== text,
    LIKE: likeExpression(text, false),
    ILIKE: likeExpression(text, true),
  }[comparator]
  return { type: 'in', field, values: statesWhere(accepts), negated: false }
}

/** SQL's pattern, for the five words of a status: `%` any text, `_` one letter. */
function likeExpression(pattern: string, anyCase: boolean): (text: string) => boolean {
  const parts = Array.from(pattern.slice(0, 100), (letter) => {
    if (letter === '%') return '.*'
    return letter === '_' ? '.' : letter.replace(/[\\^$.*+?()[\]{}|]/, String.raw`\$&`)
  })
  const expression = new RegExp(`^${parts.join('').replaceAll(/(?:\.\*)+/g, '.*')}$`, anyCase ? 'is' : 's')
  return (text) => expression.test(text)
}

/** The place of a run is made of its id. */
function toPlaceFilter(field: RunField, clause: Clause): RunFilter {
  const comparator = comparatorOf(clause, textComparators)
  if (comparator === 'LIKE' || comparator === 'ILIKE')
    throw invalid('artifact_uri can be compared with = and != here; compare run_id by pattern instead.')
  const id = /\/([0-9a-f]{32})\/artifacts\/?$/.exec(textOf(clause, 'attribute'))?.[1]
  return comparison(field, comparator, id ?? '-')
}

function toDatasetCondition(clause: Clause): DatasetCondition {
  const field = (['name', 'digest', 'context'] as const).find((name) => name === clause.identifier.key)
  if (field === undefined)
    throw invalid(`Invalid dataset key '${clause.identifier.key}' specified. Valid keys are 'name, digest, context'`)
  return { field, ...textComparisons(clause, 'dataset') }
}

/** Newest first unless sorted. */
export function parseRunOrder(clauses: readonly string[]): RunSort[] {
  const seen = new Set<string>()
  return clauses.map((clause) => {
    const { identifier, direction } = readOrder(clause)
    const sort: RunSort = { direction, ...toSortField(identifier) }
    const name = `${sort.field.scope} ${sort.field.name}`
    if (seen.has(name)) throw invalid(`\`order_by\` contains duplicate fields: ${JSON.stringify(clauses)}`)
    seen.add(name)
    return sort
  })
}

function toSortField(identifier: Identifier): Omit<RunSort, 'direction'> {
  switch (entityOf(identifier)) {
    case 'metric':
      return { field: { scope: 'metrics', name: identifier.key } }
    case 'param':
      return { field: { scope: 'params', name: identifier.key }, as: 'text' }
    case 'tag':
      if (identifier.key === 'mlflow.runName') return { field: { scope: 'attribute', name: 'name' } }
      return { field: { scope: 'labels', name: identifier.key } }
    case 'dataset':
      throw invalid("Invalid entity type 'dataset' in order_by; order by metrics, params, tags or attributes.")
    default: {
      const name = attributes[attributeOf(identifier)]!
      return { field: { scope: 'attribute', name }, ...(name === 'state' ? { groups: statesByStatus } : {}) }
    }
  }
}
