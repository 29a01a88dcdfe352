import type { ComparisonOperator, FilterValue, RunField, RunFilter } from './filter.ts'
import { fromWireNumber, type JsonValue } from './json.ts'
import type { RunRecord } from './run.ts'

/**
 * Whether a record matches: the meaning of the filter language that stores are tested against.
 *
 * - Logic has two values: a comparison with something that is not there is false, so `not (metrics.a > 1)` finds runs without `a`.
 * - Numbers compare with numbers, texts with texts, booleans with booleans; across types nothing is equal and nothing is greater,
 *   except that a text is also compared with the JSON text of a value (`params.depth like '1%'`).
 * - NaN equals nothing, not even NaN; `!=` holds for a value that is there and differs.
 * - `like` is case-sensitive, `ilike` is not; `%` stands for any text, `_` for one character, `\` makes the next one plain.
 */
export const matchesRunFilter = (filter: RunFilter, run: RunRecord): boolean => {
  switch (filter.type) {
    case 'and':
      return matchesRunFilter(filter.left, run) && matchesRunFilter(filter.right, run)
    case 'or':
      return matchesRunFilter(filter.left, run) || matchesRunFilter(filter.right, run)
    case 'not':
      return !matchesRunFilter(filter.operand, run)
    case 'null':
      return (valueOfField(filter.field, run) === undefined) !== filter.negated
    case 'in': {
      const actual = valueOfField(filter.field, run)
      if (actual === undefined) return false
      return filter.values.some((value) => compare(actual, '=', value)) !== filter.negated
    }
    case 'comparison':
    default: {
      const actual = valueOfField(filter.field, run)
      return actual !== undefined && compare(actual, filter.operator, filter.value)
    }
  }
}

/** The value a field has in a record; `undefined` when it has none (null counts as none). */
export const valueOfField = (field: RunField, run: RunRecord): JsonValue | undefined => {
  switch (field.scope) {
    case 'attribute':
      return attributes[field.name](run) ?? undefined
    case 'metrics':
      return own(run.results, field.name, fromWireNumber)
    case 'results':
      return own(run.results, field.name, (value) => value)
    case 'params':
      return own(run.parameters, field.name, (value) => value)
    case 'labels':
    default:
      return own(run.labels, field.name, (value) => value)
  }
}

const own = <Value, Result>(record: Record<string, Value>, name: string, read: (value: Value) => Result): Result | undefined =>
  Object.hasOwn(record, name) ? (read(record[name]!) ?? undefined) : undefined

const attributes: Record<Extract<RunField, { scope: 'attribute' }>['name'], (run: RunRecord) => string | number | null> = {
  id: (run) => run.id,
  name: (run) => run.name,
  project: (run) => run.project,
  experiment: (run) => run.experiment,
  kind: (run) => run.kind,
  state: (run) => run.state,
  owner: (run) => run.owner,
  host: (run) => run.host,
  parent: (run) => run.parentId,
  iteration: (run) => run.iteration,
  created: (run) => run.createdAtMs,
  started: (run) => run.startedAtMs,
  ended: (run) => run.endedAtMs,
  duration: (run) => (run.startedAtMs === null || run.endedAtMs === null ? null : run.endedAtMs - run.startedAtMs),
}

const compare = (actual: JsonValue, operator: ComparisonOperator, value: FilterValue): boolean => {
  const left = typeof value === 'string' && typeof actual !== 'string' ? JSON.stringify(actual) : actual
  switch (operator) {
    case 'like':
    case 'ilike':
      return typeof left === 'string' && likePattern(String(value), operator === 'ilike').test(left)
    case 'contains':
      return typeof left === 'string' && left.includes(String(value))
    case '=':
      return left === value
    case '!=':
      return left !== value && !Number.isNaN(left)
    default:
      return typeof left === typeof value && left !== null && ordered(left as FilterValue, operator, value)
  }
}

const ordered = (left: FilterValue, operator: '<' | '<=' | '>' | '>=', right: FilterValue): boolean => {
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

const likePattern = (pattern: string, ignoreCase: boolean): RegExp => {
  const source = pattern.replaceAll(/\\([\s\S])|[%_]|[^\\%_]+|\\$/g, (part: string, escaped?: string) => {
    if (part === '%') return '[\\s\\S]*'
    if (part === '_') return '[\\s\\S]'
    return (escaped ?? part).replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
  })
  return new RegExp(`^${source}$`, ignoreCase ? 'iu' : 'u')
}
