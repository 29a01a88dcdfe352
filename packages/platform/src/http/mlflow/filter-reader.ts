import { invalid } from './errors.ts'

/** One comparison of a search filter, as written. */
export interface Clause {
  identifier: Identifier
  /** As written, words in upper case with one space (`NOT IN`), unless the reader was asked to keep their case. */
  comparator: string
  value: Literal
}

export interface Identifier {
  /** What stands before the first dot; undefined for a bare attribute. */
  entity: string | undefined
  key: string
}

export type Literal =
  | { kind: 'text'; text: string }
  | { kind: 'number'; number: number }
  | { kind: 'list'; texts: string[] }
  | { kind: 'null' }

const longestFilter = 100_000

/** `clause (AND clause)*`; an empty text has no clauses. Anything else is refused with the part that is not understood. */
export function readClauses(filter: string, options: { keepCase?: boolean } = {}): Clause[] {
  if (filter.length > longestFilter) throw invalid(`The filter is longer than ${longestFilter} characters.`)
  const reader = new FilterReader(filter)
  const clauses: Clause[] = []
  reader.space()
  if (reader.isDone) return clauses
  for (;;) {
    clauses.push(readClause(reader, options))
    reader.space()
    if (reader.isDone) return clauses
    if (reader.take(/;\s*$/y) !== undefined) return clauses
    if (reader.rest.startsWith(';')) throw invalid(`Search filter contained multiple expressions: '${filter}'`)
    if (reader.take(/and\b/iy) === undefined) throw notUnderstood(reader)
    reader.space()
  }
}

const notUnderstood = (reader: FilterReader): Error => {
  const word = /^(?:or|not|between|is)\b/i.exec(reader.rest)?.[0]
  return invalid(`Invalid clause(s) in filter string: '${word ?? reader.rest.slice(0, 200)}'`)
}

class FilterReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get rest(): string {
    return this.#text.slice(this.#at)
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length
  }

  /** Takes what a sticky pattern matches here. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  space(): void {
    this.take(/\s*/y)
  }
}

function readClause(reader: FilterReader, options: { keepCase?: boolean }): Clause {
  const identifier = readIdentifier(reader)
  if (!identifier) throw notUnderstood(reader)
  reader.space()
  const comparator =
    reader.take(/==|<>|!=|>=|<=|=|>|</y) ?? reader.take(/(?:not\s+in|in|ilike|like|rlike|is\s+not\s+null|is\s+null)\b/iy)
  if (comparator === undefined) throw notUnderstood(reader)
  reader.space()
  if (/^is/i.test(comparator)) {
    return { identifier, comparator: comparator.toUpperCase().replaceAll(/\s+/g, ' '), value: { kind: 'null' } }
  }
  const value = readLiteral(reader)
  if (!value)
    throw invalid(
      `Invalid clause(s) in filter string: expected a number, a quoted string or a list at '${reader.rest.slice(0, 200)}'`,
    )
  const words = comparator.replace(/\s+/, ' ')
  return { identifier, comparator: options.keepCase ? words : words.toUpperCase(), value }
}

const readQuoted = (reader: FilterReader, quotes: '`"' | `'"`): string | undefined => {
  const written =
    quotes === '`"'
      ? (reader.take(/`[^`]+`/y) ?? reader.take(/"[^"]+"/y))
      : (reader.take(/'(?:[^']|'')*'/y) ?? reader.take(/"[^"]*"/y))
  return written?.slice(1, -1)
}

function readIdentifier(reader: FilterReader): Identifier | undefined {
  const quoted = readQuoted(reader, '`"')
  if (quoted !== undefined) return { entity: undefined, key: quoted }
  const word = reader.take(/[\p{L}_][\p{L}\p{N}_]*/uy)
  if (word === undefined) return undefined
  if (reader.take(/\./y) === undefined) return { entity: undefined, key: word }
  const key = readQuoted(reader, '`"') ?? reader.take(/[\p{L}\p{N}_][\p{L}\p{N}_.]*/uy)
  if (key === undefined) return undefined
  // Only the last part of `span.attributes.`a key`` is quoted.
  return { entity: word, key: key.endsWith('.') ? `${key}${readQuoted(reader, '`"') ?? ''}` : key }
}

function readLiteral(reader: FilterReader): Literal | undefined {
  const quoted = readQuoted(reader, `'"`)
  if (quoted !== undefined) return { kind: 'text', text: quoted }
  const number = reader.take(/-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y)
  if (number !== undefined) return { kind: 'number', number: Number(number) }
  if (reader.take(/\(/y) === undefined) return undefined
  const texts: string[] = []
  do {
    reader.space()
    const member = readQuoted(reader, `'"`)
    if (member === undefined)
      throw invalid('While parsing a list in the query, expected a non-empty list of string values, but got a wrong element')
    texts.push(member)
    reader.space()
  } while (reader.take(/,/y) !== undefined)
  return reader.take(/\)/y) === undefined ? undefined : { kind: 'list', texts }
}

/** `metrics.loss DESC`: what is sorted by, and which way. */
export function readOrder(clause: string): { identifier: Identifier; direction: 'ascending' | 'descending' } {
  const reader = new FilterReader(clause)
  reader.space()
  const identifier = readIdentifier(reader)
  if (!identifier) throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`)
  const descending = reader.take(/\s+desc\s*$/iy) !== undefined
  if (!descending) reader.take(/\s+asc\s*$/iy)
  reader.space()
  if (!reader.isDone) throw invalid(`Invalid ordering key in order_by clause '${clause}'. Only ASC and DESC may follow the key.`)
  return { identifier, direction: descending ? 'descending' : 'ascending' }
}

/** The text of a clause whose left side holds texts. */
export function textOf({ identifier, value }: Clause, entity: string): string {
  if (value.kind === 'text') return value.text
  throw invalid(
    `Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${value.kind === 'number' ? value.number : `a ${value.kind}`} for '${identifier.key}'`,
  )
}

export function numberOf({ identifier, value }: Clause, entity: string): number {
  if (value.kind === 'number') return value.number
  throw invalid(
    `Expected numeric value type for ${entity}. Found ${value.kind === 'text' ? `'${value.text}'` : `a ${value.kind}`} for '${identifier.key}'`,
  )
}

/** The same, where whole numbers may be written in quotes. */
export const numberOrTextOf = (clause: Clause, entity: string): number =>
  clause.value.kind === 'text' && /^\s*[+-]?\d+\s*$/.test(clause.value.text)
    ? Number(clause.value.text)
    : numberOf(clause, entity)

/** The members of an `IN` list. */
export function listOf({ value, comparator }: Clause): string[] {
  if (value.kind === 'list') return value.texts
  throw invalid(`Expected a list of quoted strings in parentheses behind ${comparator}.`)
}

export const numericComparators = ['=', '!=', '<', '<=', '>', '>='] as const
export const textComparators = ['=', '!=', 'LIKE', 'ILIKE'] as const

/** The comparator, when it is one of these. */
export function comparatorOf<Name extends string>(clause: Clause, allowed: readonly Name[]): Name {
  const found = allowed.find((name) => name === clause.comparator)
  if (found !== undefined) return found
  throw invalid(`Invalid comparator '${clause.comparator}' not one of '${[...allowed].sort().join(', ')}'`)
}

/** Patterns of this protocol know no escapes: a backslash is itself. */
const toPattern = (text: string): string => text.replaceAll('\\', '\\\\')

/** How a text is compared: with a value, or with a pattern in which a backslash makes the next character plain. */
export interface TextComparison {
  operator: '=' | '!=' | 'like' | 'ilike'
  value: string
}

/** A comparison of a text with one of `textComparators`; `entity` is what the left side is called where something else stands. */
export function textComparison(clause: Clause, entity: string): TextComparison {
  const comparator = comparatorOf(clause, textComparators)
  const text = textOf(clause, entity)
  if (comparator === 'LIKE') return { operator: 'like', value: toPattern(text) }
  if (comparator === 'ILIKE') return { operator: 'ilike', value: toPattern(text) }
  return { operator: comparator, value: text }
}

/** The same, where lists of texts are taken too. */
export function textComparisons(
  clause: Clause,
  entity: string,
): { operator: TextComparison['operator'] | 'in' | 'not in'; values: string[] } {
  if (clause.comparator === 'IN' || clause.comparator === 'NOT IN')
    return { operator: clause.comparator === 'IN' ? 'in' : 'not in', values: listOf(clause) }
  comparatorOf(clause, [...textComparators, 'IN', 'NOT IN'])
  const { operator, value } = textComparison(clause, entity)
  return { operator, values: [value] }
}
