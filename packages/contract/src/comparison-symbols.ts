/** How comparisons of numbers are written, in filters and stop conditions alike, and what each spelling means. */
export const comparisonSymbols = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
} as const
