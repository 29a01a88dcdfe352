import { comparisonSymbols } from './comparison-symbols.ts'
import { type Logic, parseLogic, printLogic } from './expression-logic.ts'
import { ExpressionReader } from './expression-reader.ts'
import { quoteText } from './filter-fields.ts'
import { printNumber } from './filter-values.ts'
import { fromWireNumber, type JsonValue } from './json.ts'

/** A condition on one finished iteration's results: `accuracy >= 0.95 and loss < 0.1`. */
export type StopCondition = Logic<StopComparison>

export interface StopComparison {
  type: 'comparison'
  name: string
  operator: StopOperator
  value: number | string | boolean
}
export type StopOperator = '=' | '!=' | '<' | '<=' | '>' | '>='

const operators: Record<string, StopOperator> = comparisonSymbols

/** Text to condition. Names of results may be quoted with double quotes or backticks. Fails like `parseRunFilter`; `what` opens the complaint. */
export const parseStopCondition = (text: string, what = 'Stop condition'): StopCondition => {
  const reader = new ExpressionReader(text, what)
  const condition = parseLogic(reader, () => parseComparison(reader))
  reader.expectEnd('and, or, or the end of the condition')
  return condition
}

const reserved = new Set(['and', 'or', 'not'])

const parseComparison = (reader: ExpressionReader): StopComparison => {
  const token = reader.current
  const isWord = token.type === 'word' && !reserved.has(token.text.toLowerCase())
  if (!isWord && !(token.type === 'quoted' && token.quote !== "'" && token.text !== '')) {
    return reader.expected('the name of a result, as in accuracy >= 0.95')
  }
  reader.next()
  const symbol = reader.takeSymbol(...Object.keys(operators))
  if (symbol === undefined) return reader.expected(`=, !=, <, <=, > or >= behind ${token.text}`)
  const operator = operators[symbol]!
  const value = parseValue(reader)
  if (typeof value === 'boolean' && operator !== '=' && operator !== '!=') {
    return reader.fail('true and false can only be compared with = and !=')
  }
  reader.next()
  return { type: 'comparison', name: token.text, operator, value }
}

const parseValue = (reader: ExpressionReader): number | string | boolean => {
  const token = reader.current
  if (token.type === 'number') return token.value
  if (token.type === 'quoted' && token.quote !== '`') return token.text
  const word = token.type === 'word' ? token.text.toLowerCase() : ''
  if (word === 'true' || word === 'false') return word === 'true'
  if (word === 'inf' || word === 'infinity') return Number.POSITIVE_INFINITY
  if (word === 'nan') return reader.fail('nothing compares with nan; leave this condition out')
  return reader.expected('a number, a text in quotes, true or false')
}

/** The text that `parseStopCondition` reads back as an equal condition. */
export const printStopCondition = (condition: StopCondition): string =>
  printLogic<StopComparison>(condition, ({ name, operator, value }) => {
    const text =
      typeof value === 'string' ? quoteText(value, "'") : typeof value === 'number' ? printNumber(value) : String(value)
    return `${quoteText(name, '"')} ${operator} ${text}`
  })

/**
 * Whether to stop. A result that is missing, NaN, or of another type than its comparison makes that comparison unknown; unknown
 * stays unknown under `not`, and a condition that is unknown in the end does not hold. So missing data never stops a sweep.
 */
export const stopConditionHolds = (condition: StopCondition, results: Readonly<Record<string, JsonValue>>): boolean =>
  evaluate(condition, results) === true

const evaluate = (node: StopCondition, results: Readonly<Record<string, JsonValue>>): boolean | undefined => {
  switch (node.type) {
    case 'not': {
      const operand = evaluate(node.operand, results)
      return operand === undefined ? undefined : !operand
    }
    case 'and':
    case 'or': {
      const deciding = node.type === 'or'
      const left = evaluate(node.left, results)
      if (left === deciding) return deciding
      const right = evaluate(node.right, results)
      if (right === deciding) return deciding
      return left === undefined || right === undefined ? undefined : !deciding
    }
    case 'comparison':
    default:
      return compare(node, Object.hasOwn(results, node.name) ? results[node.name] : undefined)
  }
}

const compare = ({ operator, value }: StopComparison, logged: JsonValue | undefined): boolean | undefined => {
  const actual = typeof value === 'number' ? fromWireNumber(logged) : logged
  if (typeof actual !== typeof value || actual === undefined || actual === null || Number.isNaN(actual)) return undefined
  switch (operator) {
    case '=':
      return actual === value
    case '!=':
      return actual !== value
    case '<':
      return actual < value
    case '<=':
      return actual <= value
    case '>':
      return actual > value
    case '>=':
    default:
      return actual >= value
  }
}
