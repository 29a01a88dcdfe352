import type { ExpressionReader } from './expression-reader.ts'
import { type RunAttribute, type RunField, runAttributes } from './filter.ts'
import { didYouMean, nearestName } from './nearest.ts'

/** Every way to write a scope, and what it means. */
const scopes: Record<string, RunField['scope']> = {
  metrics: 'metrics',
  metric: 'metrics',
  params: 'params',
  param: 'params',
  parameters: 'params',
  parameter: 'params',
  labels: 'labels',
  label: 'labels',
  tags: 'labels',
  tag: 'labels',
  results: 'results',
  result: 'results',
  attributes: 'attribute',
  attribute: 'attribute',
}

/** What a field holds; it decides which operators and values fit. */
export type FieldKind = 'number' | 'text' | 'time' | 'duration' | 'any'

const attributeKinds: Partial<Record<RunAttribute, FieldKind>> = {
  iteration: 'number',
  created: 'time',
  started: 'time',
  ended: 'time',
  duration: 'duration',
}

export const fieldKind = (field: RunField): FieldKind => {
  if (field.scope === 'attribute') return attributeKinds[field.name] ?? 'text'
  if (field.scope === 'metrics') return 'number'
  return field.scope === 'labels' ? 'text' : 'any'
}

const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'null', 'like', 'ilike', 'contains'])

/** Reads `state`, `metrics.accuracy`, `` labels.`my team` ``, `metrics."val/loss"`. */
export const parseRunField = (reader: ExpressionReader): RunField => {
  const token = reader.current
  if (token.type !== 'word' || keywords.has(token.text.toLowerCase())) {
    return reader.expected('a field such as metrics.accuracy, params.eta, labels.team or state')
  }
  reader.next()
  const dot = token.text.indexOf('.')
  if (dot < 0) return { scope: 'attribute', name: toAttribute(reader, token.text, token.position) }
  const written = token.text.slice(0, dot)
  const scope = Object.hasOwn(scopes, written.toLowerCase()) ? scopes[written.toLowerCase()]! : undefined
  if (scope === undefined) {
    const near = nearestName(written, Object.keys(scopes))
    const hint = near === undefined ? 'metrics, params, labels, results or attributes' : printedScope(scopes[near]!)
    return reader.fail(`there is no scope ${written} (did you mean ${hint}?)`, token.position, { unknown: written })
  }
  const rest = token.text.slice(dot + 1)
  const name = rest === '' ? readQuotedName(reader, token.text, token.end) : rest
  const namePosition = token.position + dot + 1
  return scope === 'attribute' ? { scope, name: toAttribute(reader, name, namePosition) } : { scope, name }
}

const printedScope = (scope: RunField['scope']): string => (scope === 'attribute' ? 'attributes' : scope)

/** `metrics.` must be followed at once by the quoted name. */
const readQuotedName = (reader: ExpressionReader, before: string, end: number): string => {
  const token = reader.current
  if (token.type !== 'quoted' || token.quote === "'" || token.position !== end || token.text === '') {
    return reader.fail(`expected a name right behind ${before}, in double quotes or backticks when it has odd characters`, end)
  }
  reader.next()
  return token.text
}

const toAttribute = (reader: ExpressionReader, written: string, position: number): RunAttribute => {
  const found = runAttributes.find((name) => name === written.toLowerCase())
  if (found !== undefined) return found
  const hint =
    nearestName(written, runAttributes) === undefined
      ? `; write metrics.${written} for a metric, params.${written} for a parameter, or one of ${runAttributes.join(', ')}`
      : didYouMean(written, runAttributes)
  return reader.fail(`a run has no attribute ${written}${hint}`, position, { unknown: written })
}

/** Most names; the one for all letters takes longer to compile (30 ms in a browser) than a page has for its first rows. */
const asciiName = /^[\w\-./:]+$/
const plainName = /^[\p{L}\p{N}\p{M}_\-./:]+$/u

export const printRunField = (field: RunField): string => {
  if (field.scope === 'attribute') return field.name
  const isPlain = asciiName.test(field.name) || plainName.test(field.name)
  return `${field.scope}.${isPlain ? field.name : quoteText(field.name, '"')}`
}

export const quoteText = (text: string, quote: '"' | "'"): string => {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)
  return quote + escaped.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t') + quote
}
