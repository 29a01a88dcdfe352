import { comparisonSymbols } from './comparison-symbols.ts'
import { parseLogic } from './expression-logic.ts'
import { ExpressionReader } from './expression-reader.ts'
import { fieldKind, parseRunField } from './filter-fields.ts'
import { parseFilterValue } from './filter-values.ts'
import type { ComparisonOperator, FilterValue, RunField, RunFilter, RunSort } from './filter.ts'

const symbols: Record<string, ComparisonOperator> = comparisonSymbols
const patternOperators = ['like', 'ilike', 'contains'] as const
/** A text of a list of values longer than this is a mistake; SQLite binds at most 32,766 values. */
const maxListedValues = 10_000

/**
 * Text to filter. Keywords, scopes and attributes may be in upper or lower case; names of metrics, parameters and labels are exact.
 * Times become epoch milliseconds (relative ones are counted back from `nowMs`), durations milliseconds. A bare word is a text
 * where only a text fits (`state = completed`).
 *
 * Fails with `invalid_argument`: one sentence with the column, `details.position` counted from 0.
 */
export const parseRunFilter = (text: string, options: { nowMs: number }): RunFilter => {
  const reader = new ExpressionReader(text, 'Filter')
  const filter: RunFilter = parseLogic(reader, () => parseCondition(reader, options.nowMs))
  reader.expectEnd('and, or, or the end of the filter')
  return filter
}

const parseCondition = (reader: ExpressionReader, nowMs: number): RunFilter => {
  const field = parseRunField(reader)
  if (reader.takeKeyword('is') !== undefined) {
    const negated = reader.takeKeyword('not') !== undefined
    if (reader.takeKeyword('null') === undefined) reader.expected(negated ? 'null behind is not' : 'null or not null behind is')
    return { type: 'null', field, negated }
  }
  const negated = reader.takeKeyword('not') !== undefined
  if (reader.takeKeyword('in') !== undefined) return { type: 'in', field, values: parseValues(reader, field, nowMs), negated }
  const comparison = parseComparison(reader, field, { nowMs, negated })
  return negated ? { type: 'not', operand: comparison } : comparison
}

const parseComparison = (reader: ExpressionReader, field: RunField, options: { nowMs: number; negated: boolean }): RunFilter => {
  const position = reader.current.position
  const keyword = reader.takeKeyword(...patternOperators)
  const pattern = patternOperators.find((name) => name === keyword)
  if (pattern !== undefined) {
    const kind = fieldKind(field)
    if (kind !== 'text' && kind !== 'any') {
      reader.fail(`${pattern} compares texts, and ${field.name} is a ${kind}; use =, !=, <, <=, > or >=`, position)
    }
    return {
      type: 'comparison',
      field,
      operator: pattern,
      value: parseFilterValue(reader, field, { nowMs: options.nowMs, pattern: true }),
    }
  }
  if (options.negated) return reader.expected('in, like, ilike or contains behind not')
  const symbol = reader.takeSymbol(...Object.keys(symbols))
  if (symbol === undefined) return reader.expected(`an operator behind the field, one of ${operatorList}`)
  const value = parseFilterValue(reader, field, { nowMs: options.nowMs, pattern: false })
  return { type: 'comparison', field, operator: symbols[symbol]!, value }
}

const operatorList = '=, !=, <, <=, >, >=, like, ilike, contains, in, is null'

const parseValues = (reader: ExpressionReader, field: RunField, nowMs: number): FilterValue[] => {
  reader.expectSymbol('(', "behind in, as in ('a', 'b')")
  const values: FilterValue[] = []
  do {
    if (values.length === maxListedValues) reader.fail(`more than ${maxListedValues.toLocaleString('en')} values in one list`)
    values.push(parseFilterValue(reader, field, { nowMs, pattern: false }))
  } while (reader.takeSymbol(',') !== undefined)
  reader.expectSymbol(')', 'or a comma behind the value')
  return values
}

/** Text to sort orders: `metrics.accuracy desc, started`. Ascending unless it says `desc` or `descending`. Fails like `parseRunFilter`. */
export const parseRunSort = (text: string): RunSort[] => {
  const reader = new ExpressionReader(text, 'Sort')
  const sorts: RunSort[] = []
  do {
    reader.countCondition()
    const field = parseRunField(reader)
    const descending = reader.takeKeyword('desc', 'descending') !== undefined
    if (!descending) reader.takeKeyword('asc', 'ascending')
    sorts.push({ field, direction: descending ? 'descending' : 'ascending' })
  } while (reader.takeSymbol(',') !== undefined)
  reader.expectEnd('asc, desc, a comma, or the end of the sort')
  return sorts
}
