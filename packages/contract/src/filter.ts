/**
 * The one filter language: its tree. Text is parsed once (`parseRunFilter`), then trusted; stores compile the tree to queries with
 * every value bound.
 *
 *     metrics.accuracy > 0.9 and params.eta = 0.3 and (state = 'completed' or not labels.team like 'a%')
 *
 *     filter    = filter ("and" | "or") filter | "not" filter | "(" filter ")" | condition       and binds tighter than or
 *     condition = field ("=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
 *               | field ["not"] ("like" | "ilike" | "contains") text
 *               | field ["not"] "in" "(" value {"," value} ")"
 *               | field "is" ["not"] "null"
 *     field     = attribute | scope "." name                        scope: metrics, params, labels (tags), results, attributes
 *     name      = bare (letters, digits, _ - . / :) | "quoted" | `quoted`
 *     value     = number | inf | -inf | nan | true | false | 'text' | "text" | bare word where only a text fits
 *
 * `matchesRunFilter` says what each condition means.
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

/**
 * Times are written as ISO 8601 text or relative (`'7d'`, `'2h'` ago) and are parsed to epoch milliseconds where the field is a time;
 * the duration is written with a unit (`'90s'`) and is in milliseconds in the tree.
 */
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
  /** Parameters in the order of their texts ("10" before "9"), for clients that know nothing else. Default: numbers as numbers. */
  as?: 'text'
  /** States in this order instead of by their letters; those of one group are equal. */
  groups?: readonly (readonly string[])[]
}
