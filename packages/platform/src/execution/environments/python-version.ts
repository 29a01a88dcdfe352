import { AppError } from '@trainyard/contract'

const clausePattern = /^(>=|<=|==|!=|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?$/

/** Whether a Python version is in a range as packaging standards write it, for example `>=3.9,!=3.10.*,<4`. */
export function fitsPythonRange(version: string, range: string): boolean {
  const actual = numbersOf(version)
  return range
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
    .every((clause) => fitsClause(actual, clause, range))
}

function fitsClause(actual: number[], clause: string, range: string): boolean {
  const [, operator, text, wildcard] = clausePattern.exec(clause) ?? []
  if (operator === undefined || text === undefined || (wildcard && operator !== '==' && operator !== '!=')) {
    throw new AppError(
      'invalid_argument',
      `requires-python = "${range}" is not understood at "${clause}"; write for example ">=3.9,<3.14".`,
    )
  }
  const wanted = numbersOf(text)
  const order = compare(actual, wanted)
  switch (operator) {
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '<':
      return order < 0
    case '~=':
      // 3.9.2 stands for at least that and the same 3.9.
      return order >= 0 && startsWith(actual, wanted.slice(0, -1))
    default: {
      const isEqual = wildcard ? startsWith(actual, wanted) : order === 0
      return (operator === '==') === isEqual
    }
  }
}

const numbersOf = (version: string): number[] => (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
const startsWith = (actual: number[], wanted: number[]): boolean =>
  wanted.every((number, index) => (actual[index] ?? 0) === number)

function compare(left: number[], right: number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
