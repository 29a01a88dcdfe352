import type {
  ModelClause,
  ModelSortField,
  NumberOperator,
  RegistrySort,
  TextCondition,
  VersionClause,
  VersionSortField,
} from '../../registry/index.ts'
import { invalid } from './errors.ts'
import {
  type Clause,
  comparatorOf,
  listOf,
  numberOrTextOf,
  numericComparators,
  readClauses,
  readOrder,
  textComparison,
  textOf,
} from './filter-reader.ts'

const promptTag = 'mlflow.prompt.is_prompt'

export const isPrompt = (tags: Readonly<Record<string, string>>): boolean => tags[promptTag]?.toLowerCase() === 'true'

/**
 * Prompts are models with a tag. They are left out unless the filter asks for them; a clause that asks for everything else counts
 * as said already, as it must also match what has no such tag.
 */
function promptClause(clauses: readonly Clause[]): ModelClause & VersionClause {
  const asked = clauses.find(isAboutPrompts)
  const value = asked === undefined ? '' : textOf(asked, 'tag').toLowerCase()
  const wantsPrompts = (asked?.comparator === '=' && value === 'true') || (asked?.comparator === '!=' && value === 'false')
  return { field: 'tag', key: promptTag, condition: { operator: wantsPrompts ? '=' : 'is not', value: 'true' } }
}

const isTag = ({ identifier }: Clause): boolean => identifier.entity === 'tag' || identifier.entity === 'tags'

const isAboutPrompts = (clause: Clause): boolean => isTag(clause) && clause.identifier.key === promptTag

const mostClauses = 99

function readFilter<Read>(filter: string, read: (clause: Clause) => Read): (Read | (ModelClause & VersionClause))[] {
  const clauses = readClauses(filter)
  if (clauses.length > mostClauses) throw invalid(`The filter has more than ${mostClauses} conditions.`)
  return [...clauses.filter((clause) => !isAboutPrompts(clause)).map(read), promptClause(clauses)]
}

export const parseModelFilter = (filter: string): ModelClause[] =>
  readFilter(filter, (clause): ModelClause => {
    if (isTag(clause)) return { field: 'tag', key: clause.identifier.key, condition: textComparison(clause, 'tag') }
    checkAttribute(clause, ['name'])
    return { field: 'name', condition: listCondition(clause) ?? textComparison(clause, 'attribute') }
  })

const versionFields = { name: 'name', run_id: 'run', source_path: 'source' } as const

export const parseVersionFilter = (filter: string): VersionClause[] =>
  readFilter(filter, (clause): VersionClause => {
    const { key } = clause.identifier
    if (isTag(clause)) return { field: 'tag', key, condition: textComparison(clause, 'tag') }
    checkAttribute(clause, ['name', 'version_number', 'run_id', 'source_path'])
    if (key === 'version_number') return { field: 'version', ...numberCondition(clause) }
    const field = versionFields[key as keyof typeof versionFields]
    const list = field === 'source' ? undefined : listCondition(clause)
    return { field, condition: list ?? textComparison(clause, 'attribute') }
  })

function checkAttribute({ identifier: { entity, key } }: Clause, known: readonly string[]): void {
  if (entity !== undefined && entity !== 'attribute')
    throw invalid(`Invalid entity type '${entity}'. Valid entity types are ('attribute', 'tag', 'tags')`)
  if (!known.includes(key)) throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${known.join("', '")}'`)
}

/** Undefined unless the comparator is one for lists. */
function listCondition(clause: Clause): TextCondition | undefined {
  if (clause.comparator !== 'IN' && clause.comparator !== 'NOT IN') return undefined
  return { operator: clause.comparator === 'IN' ? 'in' : 'not in', values: listOf(clause) }
}

/** A whole number, in quotes or not. */
function numberCondition(clause: Clause): { operator: NumberOperator; value: number } {
  const operator = comparatorOf(clause, numericComparators)
  const number = numberOrTextOf(clause, 'numeric attribute')
  if (!Number.isInteger(number)) throw invalid(`Invalid value for numeric attribute '${clause.identifier.key}': ${number}`)
  return { operator, value: number }
}

const modelOrderKeys = {
  name: 'name',
  timestamp: 'updated',
  last_updated_timestamp: 'updated',
} as const satisfies Record<string, ModelSortField>

export const parseModelOrder = (orderBy: readonly string[]): RegistrySort<ModelSortField>[] => parseOrder(orderBy, modelOrderKeys)

const versionOrderKeys = {
  name: 'name',
  version_number: 'version',
  creation_timestamp: 'created',
  last_updated_timestamp: 'updated',
} as const satisfies Record<string, VersionSortField>

/** Once an order is given, what is equal in it is ordered by name, then by version, highest first. */
export function parseVersionOrder(orderBy: readonly string[]): RegistrySort<VersionSortField>[] {
  const sort: RegistrySort<VersionSortField>[] = parseOrder(orderBy, versionOrderKeys)
  if (sort.length === 0) return sort
  const ties = [
    { field: 'name', direction: 'ascending' },
    { field: 'version', direction: 'descending' },
  ] as const
  return [...sort, ...ties.filter((tie) => !sort.some(({ field }) => field === tie.field))]
}

function parseOrder<Field extends string>(
  orderBy: readonly string[],
  fields: Readonly<Record<string, Field>>,
): RegistrySort<Field>[] {
  const sort = orderBy.map((written): RegistrySort<Field> => {
    const { identifier, direction } = readOrder(written)
    const { entity, key } = identifier
    if (entity !== undefined && entity !== 'attribute') throw invalid(`Invalid order_by entity: ${entity}`)
    if (!Object.hasOwn(fields, key))
      throw invalid(`Invalid attribute key '${key}' specified. Valid keys are '${Object.keys(fields).join("', '")}'`)
    return { field: fields[key]!, direction }
  })
  if (new Set(sort.map(({ field }) => field)).size < sort.length)
    throw invalid(`\`order_by\` contains duplicate fields: ${JSON.stringify(orderBy)}`)
  return sort
}
