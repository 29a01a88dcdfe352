import type { FilterValue, RunField, RunFilter } from '@trainyard/contract'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../database/index.ts'
import { indexedText, surelyWhole } from './stored-value.ts'

/**
 * A query for the integer keys (column `n`) of all runs that could match a condition, answered from one index alone; undefined when
 * no index can. It may name runs that do not match, or are in the trash: whoever uses it checks them.
 */
export type Candidates = RawBuilder<{ n: number }>

interface Asked {
  dialect: Dialect
  /** Runs in the trash are asked for (too): the index of times has none of them. */
  withTrash: boolean
}

type Leaf = Exclude<RunFilter, { type: 'and' | 'or' | 'not' }>

export function candidatesOf(filter: RunFilter, asked: Asked): Candidates | undefined {
  switch (filter.type) {
    case 'and':
      return candidatesOf(filter.left, asked) ?? candidatesOf(filter.right, asked)
    case 'or': {
      const left = candidatesOf(filter.left, asked)
      const right = left && candidatesOf(filter.right, asked)
      return left && right && sql`${left} union all ${right}`
    }
    case 'not':
      return undefined
    default:
      return leafCandidates(filter, asked)
  }
}

/**
 * Whether the candidates of a condition are the runs that match and no others: a metric has one number, and its index holds it, as
 * that of labels holds short texts. Then nobody checks them one by one (100,000 checks cost a quarter of a second).
 */
export function areCandidatesExact(filter: RunFilter): boolean {
  if (filter.type === 'or') return areCandidatesExact(filter.left) && areCandidatesExact(filter.right)
  if (filter.type === 'and' || filter.type === 'not') return false
  const { scope } = filter.field
  if (scope !== 'metrics' && scope !== 'labels') return false
  if (filter.type === 'null') return filter.negated
  if (scope === 'labels')
    return filter.type === 'in'
      ? !filter.negated && filter.values.every(isShortText)
      : filter.operator === '=' && isShortText(filter.value)
  if (filter.type === 'in') return !filter.negated && filter.values.every(isRealNumber)
  return ['=', '<', '<=', '>', '>='].includes(filter.operator) && isRealNumber(filter.value)
}

const isShortText = (value: FilterValue): boolean => typeof value === 'string' && value.length < surelyWhole

const isRealNumber = (value: FilterValue): boolean => typeof value === 'number' && !Number.isNaN(value)

function leafCandidates(leaf: Leaf, { dialect, withTrash }: Asked): Candidates | undefined {
  const { field } = leaf
  if (leaf.type === 'null') return leaf.negated ? presentCandidates(field) : undefined
  if (leaf.type === 'in') return leaf.negated ? undefined : equalCandidates(field, leaf.values)
  const { operator, value } = leaf
  if (operator === '=') return equalCandidates(field, [value])
  if (operator === 'like' || operator === 'ilike' || operator === 'contains')
    return typeof value === 'string' ? patternCandidates(field, dialect, { operator, value }) : undefined
  const isRange = operator === '<' || operator === '<=' || operator === '>' || operator === '>='
  if (!isRange || typeof value !== 'number' || Number.isNaN(value)) return undefined
  const range = sql`${sql.raw(operator)} ${value}`
  if (field.scope === 'attribute') {
    return field.name === 'created' && !withTrash
      ? sql`select number as n from runs where trashed_at is null and created_at ${range}`
      : undefined
  }
  if (field.scope === 'params') return sql`select run as n from parameters where key = ${field.name} and number ${range}`
  if (field.scope === 'labels') return undefined
  return sql`select run as n from metric_series where key = ${field.name} and last_value ${range}`
}

function equalCandidates(field: RunField, values: readonly FilterValue[]): Candidates | undefined {
  const numbers = values.filter((value) => typeof value === 'number' && !Number.isNaN(value))
  const texts = values.filter((value) => typeof value !== 'number').map((value) => indexedText(value))
  switch (field.scope) {
    case 'attribute':
      return attributeCandidates(field, values)
    case 'metrics':
      return numbers.length === 0
        ? undefined
        : sql`select run as n from metric_series where key = ${field.name} and last_value in (${sql.join(numbers)})`
    case 'params': {
      const byNumber = sql<{
        n: number
      }>`select run as n from parameters where key = ${field.name} and number in (${sql.join(numbers)})`
      const byText = sql<{
        n: number
      }>`select run as n from parameters where key = ${field.name} and text in (${sql.join(texts)})`
      if (numbers.length > 0 && texts.length > 0) return sql`${byNumber} union all ${byText}`
      return numbers.length > 0 ? byNumber : texts.length > 0 ? byText : undefined
    }
    case 'labels':
      return texts.length === 0
        ? undefined
        : sql`select run as n from labels where key = ${field.name} and text in (${sql.join(texts)})`
    default:
      return undefined
  }
}

function attributeCandidates(field: RunField, values: readonly FilterValue[]): Candidates | undefined {
  const list = sql`(${sql.join(values.map(String))})`
  switch (field.name) {
    case 'id':
      return sql`select number as n from runs where id in ${list}`
    case 'name':
      return sql`select number as n from runs where name in ${list}`
    case 'state':
      return sql`select number as n from runs where state in ${list}`
    case 'experiment':
      return sql`select number as n from runs where experiment in (select number from experiments where name in ${list})`
    case 'parent':
      return sql`select number as n from runs where parent in (select number from runs where id in ${list})`
    default:
      return undefined
  }
}

/** Reads all values of a key in the index: long ones, of which the index knows the start only, may match. */
function patternCandidates(
  field: RunField,
  dialect: Dialect,
  { operator, value }: { operator: 'like' | 'ilike' | 'contains'; value: string },
): Candidates | undefined {
  const table = field.scope === 'labels' ? sql`labels` : field.scope === 'params' ? sql`parameters` : undefined
  if (!table) return undefined
  const text = sql<string>`text`
  const test = { like: dialect.like, ilike: dialect.likeAnyCase, contains: dialect.contains }[operator]
  const start = operator === 'like' ? indexedText(/^[^%_\\]*/.exec(value)![0]) : ''
  // U+10FFFF is not a character: no text holds anything behind it.
  const range = start === '' ? sql`` : sql`and text >= ${start} and text < ${`${start}\u{10ffff}`}`
  return sql`select run as n from ${table} where key = ${field.name} ${range} and (length(text) >= 50 or ${test(text, value)})`
}

function presentCandidates(field: RunField): Candidates | undefined {
  switch (field.scope) {
    case 'metrics':
      return sql`select run as n from metric_series where key = ${field.name}`
    case 'params':
      return sql`select run as n from parameters where key = ${field.name}`
    case 'labels':
      return sql`select run as n from labels where key = ${field.name}`
    default:
      return undefined
  }
}

/** Whether every run that matches has a number in the field, so that a walk by its values meets them all. */
export function impliesNumber(filter: RunFilter, field: RunField): boolean {
  if (filter.type === 'and') return impliesNumber(filter.left, field) || impliesNumber(filter.right, field)
  if (filter.type === 'or') return impliesNumber(filter.left, field) && impliesNumber(filter.right, field)
  if (filter.type !== 'comparison' && (filter.type !== 'in' || filter.negated)) return false
  return filter.field.scope === field.scope && filter.field.name === field.name && field.scope === 'metrics'
}
