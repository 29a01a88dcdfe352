import type { TraceAttribute, TraceCondition, TraceField, TraceOperator, TraceSort } from '../../traces/index.ts'
import { invalid } from './errors.ts'
import {
  type Clause,
  comparatorOf,
  listOf,
  numberOf,
  numericComparators,
  readClauses,
  readOrder,
  textComparators,
  textComparison,
  textOf,
} from './filter-reader.ts'

const scopes: Record<string, 'attribute' | 'tag' | 'metadata' | 'span' | 'feedback' | 'expectation' | 'issue'> = {
  attribute: 'attribute',
  attributes: 'attribute',
  trace: 'attribute',
  tag: 'tag',
  tags: 'tag',
  metadata: 'metadata',
  request_metadata: 'metadata',
  span: 'span',
  feedback: 'feedback',
  expectation: 'expectation',
  issue: 'issue',
}

const numbers: Record<string, TraceAttribute> = {
  timestamp: 'started',
  timestamp_ms: 'started',
  execution_time: 'duration',
  execution_time_ms: 'duration',
  end_time: 'ended',
  end_time_ms: 'ended',
}

const wordFields: Record<string, TraceField & TraceSort['field']> = {
  request_id: { scope: 'attribute', name: 'id' },
  status: { scope: 'attribute', name: 'state' },
  client_request_id: { scope: 'attribute', name: 'clientRequestId' },
  name: { scope: 'tag', name: 'mlflow.traceName' },
  run_id: { scope: 'metadata', name: 'mlflow.sourceRun' },
}

const wordComparators = [...textComparators, 'RLIKE', 'IN', 'NOT IN'] as const
const taggedComparators = [...textComparators, 'RLIKE', 'IS NULL', 'IS NOT NULL'] as const

export const parseTraceFilter = (filter: string): TraceCondition[] => readClauses(filter).map(toCondition)

function toCondition(clause: Clause): TraceCondition {
  const { entity = 'attribute', key } = clause.identifier
  const scope = Object.hasOwn(scopes, entity) ? scopes[entity] : undefined
  switch (scope) {
    case undefined:
      throw invalid(
        `Invalid entity type '${entity}' in '${entity}.${key}'. Valid values are [${Object.keys(scopes)
          .map((name) => `'${name}'`)
          .join(', ')}]`,
      )
    case 'attribute':
      return attributeCondition(clause, key)
    case 'span':
      return spanCondition(clause, key)
    case 'feedback':
    case 'expectation':
      return assessmentCondition(clause, { scope, name: key })
    case 'issue':
      if (key !== 'id') throw invalid(`Invalid issue attribute '${key}'. Supported attributes: id`)
      comparatorOf(clause, ['='])
      return { field: { scope: 'issue' }, operator: '=', values: [textOf(clause, 'issue')] }
    default:
      return { field: { scope, name: key }, ...textCondition(clause, taggedComparators, scope) }
  }
}

function attributeCondition(clause: Clause, key: string): TraceCondition {
  const number = Object.hasOwn(numbers, key) ? numbers[key] : undefined
  if (number !== undefined)
    return {
      field: { scope: 'attribute', name: number },
      operator: comparatorOf(clause, numericComparators),
      values: [numberOf(clause, 'numeric attribute')],
    }
  if (key === 'text') return contentCondition(clause)
  if (key === 'prompt') return promptCondition(clause)
  const word = Object.hasOwn(wordFields, key) ? wordFields[key] : undefined
  if (word === undefined) throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${attributeNames.join(', ')}'`)
  const allowed = word.scope === 'attribute' ? wordComparators : ([...wordComparators, 'IS NULL', 'IS NOT NULL'] as const)
  const condition = textCondition(clause, allowed, 'attribute')
  if (key === 'run_id' && condition.operator === '=') return { field: { scope: 'run' }, ...condition }
  return { field: word, ...condition }
}

const attributeNames = [...Object.keys(wordFields), ...Object.keys(numbers), 'prompt', 'text']

function promptCondition(clause: Clause): TraceCondition {
  if (clause.comparator !== '=')
    throw invalid(
      `Invalid comparator '${clause.comparator}' for prompts filter. Only '=' is supported with format: prompt = "name/version"`,
    )
  const prompt = textOf(clause, 'attribute')
  if (!/^[^/]+\/[^/]+$/.test(prompt))
    throw invalid(`Invalid prompts filter value '${prompt}'. Expected format: prompt = "name/version"`)
  return { field: { scope: 'prompt' }, operator: '=', values: [prompt] }
}

const contentCondition = (clause: Clause): TraceCondition => ({
  field: { scope: 'span', name: 'content' },
  ...textCondition(clause, ['LIKE', 'ILIKE'], 'span'),
})

function spanCondition(clause: Clause, key: string): TraceCondition {
  if (key === 'content') return contentCondition(clause)
  if (key === 'name' || key === 'type' || key === 'status')
    return { field: { scope: 'span', name: key }, ...textCondition(clause, wordComparators, 'span') }
  const attribute = /^attributes\.([^]+)$/.exec(key)?.[1]
  if (attribute === undefined)
    throw invalid(
      `Invalid span attribute '${key}'. Supported attributes: name, status, type, content, attributes.<attribute_name>.`,
    )
  return { field: { scope: 'spanAttribute', name: attribute }, ...textCondition(clause, wordComparators, 'span') }
}

function assessmentCondition(clause: Clause, field: { scope: 'feedback' | 'expectation'; name: string }): TraceCondition {
  const numeric = (['<', '<=', '>', '>='] as const).find((each) => each === clause.comparator)
  if (numeric === undefined) return { field, ...textCondition(clause, taggedComparators, field.scope) }
  if (clause.value.kind !== 'number')
    throw invalid(`Expected a numeric value for ${field.scope} when using comparator '${numeric}'.`)
  return { field, operator: numeric, values: [clause.value.number] }
}

function textCondition(
  clause: Clause,
  allowed: readonly string[],
  entity: string,
): { operator: TraceOperator; values: string[] } {
  switch (comparatorOf(clause, allowed)) {
    case 'IS NULL':
      return { operator: 'is null', values: [] }
    case 'IS NOT NULL':
      return { operator: 'is not null', values: [] }
    case 'IN':
      return { operator: 'in', values: listOf(clause) }
    case 'NOT IN':
      return { operator: 'not in', values: listOf(clause) }
    case 'RLIKE':
      return { operator: 'matches', values: [textOf(clause, entity)] }
    default: {
      const { operator, value } = textComparison(clause, entity)
      return { operator, values: [value] }
    }
  }
}

export const parseTraceOrder = (clauses: readonly string[]): TraceSort[] =>
  clauses.map((clause) => {
    const { identifier, direction } = readOrder(clause)
    const { entity = 'attribute', key } = identifier
    const scope = Object.hasOwn(scopes, entity) ? scopes[entity] : undefined
    if (scope === 'tag' || scope === 'metadata') return { field: { scope, name: key }, direction }
    if (scope !== 'attribute') throw invalid(`Invalid identifier type '${entity}' in order_by clause '${clause}'`)
    if (key === 'experiment_id') return { field: { scope: 'attribute', name: 'experiment' }, direction }
    if (Object.hasOwn(numbers, key)) return { field: { scope: 'attribute', name: numbers[key]! }, direction }
    const word = Object.hasOwn(wordFields, key) && key !== 'client_request_id' ? wordFields[key] : undefined
    if (word === undefined)
      throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${attributeNames.join(', ')}'`)
    return { field: word, direction }
  })
