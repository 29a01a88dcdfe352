import type { ExpressionReader } from './expression-reader.ts'

/** Conditions joined by `and`, `or` and `not`. Several languages share it; they differ in their conditions. */
export type Logic<Condition> =
  | { type: 'and'; left: Logic<Condition>; right: Logic<Condition> }
  | { type: 'or'; left: Logic<Condition>; right: Logic<Condition> }
  | { type: 'not'; operand: Logic<Condition> }
  | Condition

/** Reads `a or b and not (c)`; `and` binds tighter than `or`, both group to the left. */
export const parseLogic = <Condition>(reader: ExpressionReader, condition: () => Condition): Logic<Condition> => {
  let left = parseConjunction(reader, condition)
  while (reader.takeKeyword('or') !== undefined) left = { type: 'or', left, right: parseConjunction(reader, condition) }
  return left
}

const parseConjunction = <Condition>(reader: ExpressionReader, condition: () => Condition): Logic<Condition> => {
  let left = parseOperand(reader, condition)
  while (reader.takeKeyword('and') !== undefined) left = { type: 'and', left, right: parseOperand(reader, condition) }
  return left
}

const parseOperand = <Condition>(reader: ExpressionReader, condition: () => Condition): Logic<Condition> => {
  if (reader.takeKeyword('not') !== undefined) {
    return { type: 'not', operand: reader.nested(() => parseOperand(reader, condition)) }
  }
  const opening = reader.current
  if (reader.takeSymbol('(') === undefined) {
    reader.countCondition()
    return condition()
  }
  const inside = reader.nested(() => parseLogic(reader, condition))
  reader.expectSymbol(')', `to close the one at column ${opening.position + 1}, or and, or`)
  return inside
}

const binding: Record<string, number> = { or: 1, and: 2, not: 3 }

/** The text that `parseLogic` reads back as the same tree, with no more parentheses than that takes. */
export const printLogic = <Condition extends { type: string }>(
  tree: Logic<Condition>,
  printCondition: (condition: Condition) => string,
): string => {
  const print = (node: Logic<Condition>, strength: number): string => {
    const text = printNode(node)
    return (binding[node.type] ?? 4) < strength ? `(${text})` : text
  }
  const printNode = (node: Logic<Condition>): string => {
    if (isNot(node)) return `not ${print(node.operand, 3)}`
    if (!isBinary(node)) return printCondition(node)
    const own = binding[node.type]!
    return `${print(node.left, own)} ${node.type} ${print(node.right, own + 1)}`
  }
  return print(tree, 0)
}

const isNot = <Condition extends { type: string }>(
  node: Logic<Condition>,
): node is Extract<Logic<Condition>, { type: 'not'; operand: Logic<Condition> }> => node.type === 'not'

const isBinary = <Condition extends { type: string }>(
  node: Logic<Condition>,
): node is Extract<Logic<Condition>, { type: 'and' | 'or'; left: Logic<Condition>; right: Logic<Condition> }> =>
  node.type === 'and' || node.type === 'or'
