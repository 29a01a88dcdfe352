import { printLogic } from './expression-logic.ts'
import { printRunField } from './filter-fields.ts'
import { printFilterValue } from './filter-values.ts'
import type { RunFilter, RunSort } from './filter.ts'

type Condition = Exclude<RunFilter, { type: 'and' | 'or' | 'not' }>

/** The text of a filter; `parseRunFilter` reads it back as an equal tree. */
export const printRunFilter = (filter: RunFilter): string => printLogic<Condition>(filter, printCondition)

const printCondition = (condition: Condition): string => {
  const field = printRunField(condition.field)
  switch (condition.type) {
    case 'null':
      return `${field} is ${condition.negated ? 'not ' : ''}null`
    case 'in': {
      const values = condition.values.map((value) => printFilterValue(condition.field, value))
      return `${field} ${condition.negated ? 'not ' : ''}in (${values.join(', ')})`
    }
    case 'comparison':
    default: {
      const pattern = ['like', 'ilike', 'contains'].includes(condition.operator)
      return `${field} ${condition.operator} ${printFilterValue(condition.field, condition.value, pattern)}`
    }
  }
}

/** The text of sort orders; `parseRunSort` reads it back as equal ones. */
export const printRunSort = (sorts: readonly RunSort[]): string =>
  sorts.map((sort) => printRunField(sort.field) + (sort.direction === 'descending' ? ' desc' : '')).join(', ')
