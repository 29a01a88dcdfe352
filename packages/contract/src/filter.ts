/**
 * The one filter language: its tree. Text is parsed once (`parseRunFilter`), then trusted; stores compile the tree to queries with
 * every value bound.
 *
 *     metrics.accuracy > 0.9 and params.eta = 0.3 and (state = 'completed' or not labels.team like 'a%')
 */
export type RunFilter =
  | { type: 'and'; left: RunFilter; right: RunFilter }
  | { type: 'or'; left: RunFilter; right: RunFilter }
  | { type: 'not'; operand: RunFilter }
  | { type: 'comparison'; field: RunField; operator: ComparisonOperator; value: FilterValue }
  | { type: 'in'; field: RunField; values: FilterValue[]; negated: boolean }
  | { type: 'null'; field: RunField; negated: boolean }

export const comparisonOperators = ['=', '!=', '<', '<=', '>', '>=', 'like', 'ilike', 'contains'] as const
export type ComparisonOperator = (typeof comparisonOperators)[number]

/** Times are written as ISO 8601 text or relative (`'7d'`, `'2h'` ago) and are parsed to epoch milliseconds where the field is a time. */
export type FilterValue = string | number | boolean

export const runAttributes = [
  'id',
  'name',
  'project',
  'experiment',
  'kind',
  'state',
  'owner',
  'host',
  'parent',
  'iteration',
  'created',
  'started',
  'ended',
  'duration',
] as const
export type RunAttribute = (typeof runAttributes)[number]

/** `metrics.*` is the latest value, numbers only; `results.*` also reaches results that are not numbers. */
export type RunField =
  | { scope: 'attribute'; name: RunAttribute }
  | { scope: 'metrics' | 'params' | 'labels' | 'results'; name: string }

export interface RunSort {
  field: RunField
  direction: 'ascending' | 'descending'
}
