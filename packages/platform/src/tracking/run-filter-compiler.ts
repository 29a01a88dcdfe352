import { AppError, type ComparisonOperator, type FilterValue, type RunFilter } from '@trainyard/contract'
import { type RawBuilder, sql, type SqlBool } from 'kysely'
import type { Dialect } from '../database/index.ts'
import { booleanCondition, never, numberCondition, type TextColumns, textCondition } from './run-filter-conditions.ts'
import { attributeColumn, isNumericField } from './run-fields.ts'

type Condition = RawBuilder<SqlBool>
type Comparison = Extract<RunFilter, { type: 'comparison' }>
type Field = Comparison['field']

const mostComparisons = 500
const deepestNesting = 100
const longestList = 10_000

/**
 * The filter as a condition on the table `runs as r`, every value bound. It means what `matchesRunFilter` of the contract means:
 * comparisons are true or false, never unknown, and false where the field is missing, so that `not` finds those runs. The one
 * difference: `<`, `like` and `contains` on `results.*` look at texts only, not at numbers as texts.
 */
export function compileRunFilter(filter: RunFilter, dialect: Dialect): Condition {
  let comparisons = 0
  const compile = (node: RunFilter, depth: number): Condition => {
    if (depth > deepestNesting)
      throw new AppError('invalid_argument', `The filter is nested deeper than ${deepestNesting} levels.`)
    switch (node.type) {
      case 'and':
      case 'or':
        return balanced(
          flatten(node, node.type).map((part) => compile(part, depth + 1)),
          node.type,
        )
      case 'not':
        return sql`(not ${compile(node.operand, depth + 1)})`
      default:
        if (++comparisons > mostComparisons)
          throw new AppError('invalid_argument', `The filter has more than ${mostComparisons} comparisons.`)
        return compileLeaf(node, dialect)
    }
  }
  return compile(filter, 0)
}

/** The parts of a chain of the same operator. */
export function flatten(filter: RunFilter, type: 'and' | 'or'): RunFilter[] {
  const parts: RunFilter[] = []
  const open = [filter]
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type === type) open.push(node.right, node.left)
    else parts.push(node)
  }
  return parts
}

/** A chain as a tree of little depth: databases limit how deep an expression may be. */
function balanced(parts: readonly Condition[], type: 'and' | 'or'): Condition {
  if (parts.length === 1) return parts[0]!
  const middle = parts.length >> 1
  const [left, right] = [balanced(parts.slice(0, middle), type), balanced(parts.slice(middle), type)]
  return type === 'and' ? sql`(${left} and ${right})` : sql`(${left} or ${right})`
}

function compileLeaf(node: Exclude<RunFilter, { type: 'and' | 'or' | 'not' }>, dialect: Dialect): Condition {
  const { field } = node
  if (node.type === 'null') {
    const present = onField(field, dialect, { number: sql`1 = 1`, text: () => sql`1 = 1` })
    return node.negated ? present : sql`(not ${present})`
  }
  if (node.type === 'comparison') return compareField(field, dialect, [node.value], node.operator, false)
  if (node.values.length > longestList)
    throw new AppError('invalid_argument', `The list behind 'in' has more than ${longestList} values.`)
  return compareField(field, dialect, node.values, node.negated ? '!=' : '=', true)
}

/** In a list (of one value, too) `=` means any of them and `!=` none of them. */
function compareField(
  field: Field,
  dialect: Dialect,
  values: readonly FilterValue[],
  operator: ComparisonOperator,
  isList: boolean,
): Condition {
  if (operator === '!=') {
    const equal = conditionsOf(field, dialect, values, '=')
    // NaN is not unequal to anything, but it is not among the values of any list either.
    const isNumber = sql`${numberColumn(field)} is not null`
    return onField(field, dialect, {
      number: isList ? sql`(${equal.number}) is not true` : sql`(${equal.number}) is not true and ${isNumber}`,
      text: (columns) => sql`(${equal.text(columns)}) is not true`,
    })
  }
  return onField(field, dialect, conditionsOf(field, dialect, values, operator))
}

/** A condition on a number column (`last_value`, or the column of an attribute) and one on texts with their JSON. */
interface FieldConditions {
  number: Condition
  text: (columns: TextColumns) => Condition
}

function conditionsOf(
  field: Field,
  dialect: Dialect,
  values: readonly FilterValue[],
  operator: ComparisonOperator,
): FieldConditions {
  const numbers = values.filter((value) => typeof value === 'number')
  const texts = values.filter((value) => typeof value === 'string')
  const booleans = values.filter((value) => typeof value === 'boolean')
  if (isNumericField(field) && numbers.length < values.length)
    throw new AppError('invalid_argument', `${field.name} is a number: compare it with numbers, without quotes.`)
  // A metric shown among results also equals the text that spells it.
  const spelled =
    field.scope === 'results' && operator === '='
      ? texts.map(Number).filter((value, at) => JSON.stringify(value) === texts[at])
      : []
  return {
    number: numberCondition(numberColumn(field), operator, [...numbers, ...spelled]),
    text: (columns) => {
      const parts: Condition[] = []
      if (texts.length > 0) parts.push(textCondition(dialect, columns, operator, texts))
      if (columns.json) {
        if (numbers.length > 0 && columns.number)
          parts.push(sql`(${numberCondition(columns.number, operator, numbers)} and substr(${columns.json}, 1, 1) <> '"')`)
        for (const value of booleans) parts.push(booleanCondition(columns.json, operator, value))
      }
      return parts.length === 0 ? never : sql`(${sql.join(parts, sql` or `)})`
    },
  }
}

const numberColumn = (field: Field): RawBuilder<number | null> =>
  field.scope === 'attribute' ? attributeColumn<number>(field.name) : sql`last_value`

/** Looks the field up and applies the condition: false when the field is missing. A scalar query by unique key keeps the plan simple. */
function onField(field: Field, dialect: Dialect, conditions: FieldConditions): Condition {
  const json = sql<string>`value`
  const fullJson = sql<string>`case when length(text) < 50 then text else ${dialect.jsonText(json)} end`
  const start = sql<string>`text`
  switch (field.scope) {
    case 'attribute': {
      const column = attributeColumn<string>(field.name)
      const condition = isNumericField(field) ? conditions.number : conditions.text({ start: column, full: column })
      return sql`((${condition}) is true and ${column} is not null)`
    }
    case 'metrics':
      return sql`((select ${conditions.number} from metric_series where run = r.number and key = ${field.name}) is true)`
    case 'labels':
      return sql`((select ${conditions.text({ start, full: json })} from labels where run = r.number and key = ${field.name}) is true)`
    case 'params': {
      const condition = conditions.text({ start, full: fullJson, json, number: sql<number>`number` })
      return sql`((select ${condition} from parameters where run = r.number and key = ${field.name} and value <> 'null') is true)`
    }
    default: {
      const condition = conditions.text({ start, full: fullJson, json })
      return sql`((select ${conditions.number} from metric_series where run = r.number and key = ${field.name}) is true or (select ${condition} from results where run = r.number and key = ${field.name} and value <> 'null') is true)`
    }
  }
}
