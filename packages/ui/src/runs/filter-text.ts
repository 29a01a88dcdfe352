import {
  isAppError,
  nearestName,
  parseRunFilter,
  printRunField,
  type RunField,
  runAttributes,
  type RunFilter,
  runStates,
} from '@trainyard/contract'
import { literalOf } from '../app/filter-literal.ts'

/** What keys there are, for the short form and for completion. */
export interface KnownKeys {
  metrics: readonly string[]
  params: readonly string[]
  labels: readonly string[]
}

const shortNames: Record<string, string> = {
  by: 'owner',
  owner: 'owner',
  state: 'state',
  name: 'name',
  experiment: 'experiment',
  project: 'project',
}
const attributes = new Set<string>(runAttributes)
const scopedWord = /^(?:metrics?|params?|parameters?|labels?|tags?|results?|attributes?)\./i
const keywords = /^(?:and|or|not|in|is|null|like|ilike|contains)$/i
const tokenPattern = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|==|!=|<>|<=|>=|[=<>(),]|[^\s=<>!(),'"`]+/g

/**
 * The short form as the whole language: `val_auc > 0.9 eta < 0.1 state:failed by:maria resnet` means
 * `metrics.val_auc > 0.9 and params.eta < 0.1 and state = 'failed' and owner = 'maria' and name contains 'resnet'`.
 * What is the whole language already stays as it is.
 */
export function expandShortForm(text: string, keys: KnownKeys): string {
  if (text.trim() === '' || isWhole(text)) return text
  const tokens = text.match(tokenPattern) ?? []
  const written: string[] = []
  let at = 0
  while (at < tokens.length) {
    const token = tokens[at]!
    if (/^(?:and|or|not|\(|\))$/i.test(token)) {
      if (/^(?:and|or|\))$/i.test(token)) trimAnd(written)
      written.push(token)
      if (token === ')') written.push('and')
      at++
      continue
    }
    const { condition, taken } = readCondition(tokens.slice(at), keys)
    written.push(condition, 'and')
    at += taken
  }
  trimAnd(written)
  return written.join(' ')
}

function trimAnd(written: string[]): void {
  if (written.at(-1) === 'and') written.pop()
}

const isOperator = (token: string | undefined): boolean =>
  token !== undefined && (/^[=<>!]/.test(token) || /^(?:like|ilike|contains|in|is|not)$/i.test(token))

function readCondition(tokens: readonly string[], keys: KnownKeys): { condition: string; taken: number } {
  const [first = '', second, third] = tokens
  if (isOperator(second)) {
    const field = fieldOf(first, keys)
    if (third === undefined) return { condition: `${field} ${second}`, taken: 2 }
    const end = /^(?:in|not|is)$/i.test(second!) ? endOfLong(tokens) : 3
    return { condition: [field, ...tokens.slice(1, end)].join(' '), taken: end }
  }
  const pair = /^([\w.-]+):(.+)$/.exec(first)
  const short = pair && Object.hasOwn(shortNames, pair[1]!) ? shortNames[pair[1]!] : undefined
  if (pair && short !== undefined) return { condition: `${short} = ${literalOf(pair[2]!)}`, taken: 1 }
  if (pair && /^(?:labels?|tags?|params?|metrics?)\./.test(first))
    return { condition: `${pair[1]} = ${literalOf(pair[2]!)}`, taken: 1 }
  if (scopedWord.test(first)) return { condition: first, taken: 1 }
  const word = first.replace(/^(['"`])(.*)\1$/s, '$2')
  return { condition: `name contains ${literalOf(word)}`, taken: 1 }
}

/** `in (…)`, `not in (…)`, `is not null` reach further than one value. */
function endOfLong(tokens: readonly string[]): number {
  const close = tokens.indexOf(')')
  if (tokens.slice(1, 3).some((token) => /^in$/i.test(token))) return close < 0 ? tokens.length : close + 1
  return /^not$/i.test(tokens[2] ?? '') || /^not$/i.test(tokens[1] ?? '') ? 4 : 3
}

function fieldOf(word: string, keys: KnownKeys): string {
  if (scopedWord.test(word)) return word
  if (attributes.has(word.toLowerCase())) return word
  if (keys.metrics.includes(word)) return printRunField({ scope: 'metrics', name: word })
  if (keys.params.includes(word)) return printRunField({ scope: 'params', name: word })
  if (keys.labels.includes(word)) return printRunField({ scope: 'labels', name: word })
  return word
}

const isWhole = (text: string): boolean => problemOf(text) === undefined

/** Where a filter is wrong and what would be right; undefined when it is fine. `unknown` is the name that the language does not have. */
export function problemOf(text: string): { message: string; position: number; unknown?: string } | undefined {
  if (text.trim() === '') return undefined
  try {
    parseRunFilter(text, { nowMs: Date.now() })
    return undefined
  } catch (error) {
    if (!isAppError(error)) throw error
    const { position, unknown } = error.details
    return {
      message: error.message,
      position: typeof position === 'number' ? position : text.length,
      ...(typeof unknown === 'string' ? { unknown } : {}),
    }
  }
}

const scopes = ['metrics', 'params', 'parameters', 'labels', 'tags', 'results', 'attributes']
const words = ['and', 'or', 'not', 'in', 'is', 'like', 'ilike', 'contains']

/**
 * Whether the last word may yet become a condition, as `metr` and `accuracy` may become `metrics.accuracy > 0.9`: to search the names
 * for it at each letter would empty the table under somebody's hands.
 */
export function isUnfinished(text: string, keys: KnownKeys): boolean {
  if (isWhole(text)) return false
  const written = text.trimEnd()
  const { kind, typed } = placeAt(written, written.length)
  if (kind === 'value' || typed === '') return problemOf(expandShortForm(text, keys)) !== undefined
  if (scopedWord.test(typed)) return !typed.includes(':')
  if (typed.startsWith('state:')) return !runStates.some((state) => typed === `state:${state}`)
  const word = typed.replace(/:$/, '').toLowerCase()
  const known = [scopes, words, runAttributes, Object.keys(shortNames), keys.metrics, keys.params, keys.labels]
  return known.some((names) => names.some((name) => name.toLowerCase().startsWith(word)))
}

/** What a name without a scope, which is no attribute of a run, most likely meant, and the filter as it reads with that. */
export function meantField(text: string, keys: KnownKeys): { near: string; mended: string } | undefined {
  const { unknown, position = 0 } = problemOf(text) ?? {}
  if (unknown === undefined) return undefined
  const end = position + unknown.length
  if (text[position - 1] === '.' || text[end] === '.') return undefined
  const names = [...keys.metrics, ...keys.params, ...keys.labels]
  const near = nearestName(unknown, [...names, ...runAttributes])
  if (near === undefined || !names.includes(near)) return undefined
  return { near, mended: `${text.slice(0, position)}${fieldOf(near, keys)}${text.slice(end)}` }
}

/** Whether the last word is looked for in names now, and may yet become the field of a condition. */
export function endsInWord(text: string): boolean {
  const written = text.trimEnd()
  const { kind, typed } = placeAt(written, written.length)
  return kind !== 'value' && typed !== '' && !typed.includes(':') && !scopedWord.test(typed) && !keywords.test(typed)
}

const singular = { metrics: 'metric', params: 'parameter', labels: 'label' } as const

/** The first field of a filter that no run has, with the known name nearest to it and the filter as it reads with that. */
export function unknownField(
  text: string,
  keys: KnownKeys,
): { what: string; name: string; near?: string; mended?: string } | undefined {
  for (const field of fieldsOf(parseRunFilter(text, { nowMs: Date.now() }))) {
    if (field.scope === 'attribute' || field.scope === 'results' || keys[field.scope].includes(field.name)) continue
    const { scope, name } = field
    const near = nearestName(name, keys[scope])
    const found = { what: singular[scope], name }
    return near === undefined
      ? found
      : { ...found, near, mended: text.replaceAll(printRunField(field), printRunField({ scope, name: near })) }
  }
  return undefined
}

function fieldsOf(filter: RunFilter): RunField[] {
  if (filter.type === 'and' || filter.type === 'or') return [...fieldsOf(filter.left), ...fieldsOf(filter.right)]
  return filter.type === 'not' ? fieldsOf(filter.operand) : [filter.field]
}

/** What may stand where somebody types: a field, an operator, a value of a field, a joining word. */
export interface Place {
  kind: 'field' | 'operator' | 'value' | 'join'
  /** The field before it, for operators and values. */
  field: string
  /** What is typed of it so far, and where that starts. */
  typed: string
  start: number
}

export function placeAt(text: string, caret: number): Place {
  const before = text.slice(0, caret)
  const tokens = Array.from(before.matchAll(tokenPattern), (match) => ({
    text: match[0],
    end: match.index + match[0].length,
    start: match.index,
  }))
  const last = tokens.at(-1)
  const isInside = last !== undefined && last.end === caret && !/^[=<>!(),]+$/.test(last.text)
  const done = isInside ? tokens.slice(0, -1) : tokens
  const typed = isInside ? last.text : ''
  const start = isInside ? last.start : caret
  const previous = done.at(-1)?.text
  const field = fieldBefore(done.map((token) => token.text))
  if (previous === undefined || /^(?:and|or|not|\()$/i.test(previous)) {
    const isList = previous === '(' && /^in$/i.test(done.at(-2)?.text ?? '')
    return isList ? { kind: 'value', field, typed, start } : { kind: 'field', field: '', typed, start }
  }
  if (/^(?:[=<>!]+|like|ilike|contains|,)$/i.test(previous)) return { kind: 'value', field, typed, start }
  if (keywords.test(previous)) return { kind: 'join', field, typed, start }
  if (/^[=<>!]+$/.test(done.at(-2)?.text ?? '') || previous === ')') return { kind: 'join', field, typed, start }
  return { kind: 'operator', field: previous, typed, start }
}

/** The word before the last operator. */
function fieldBefore(tokens: readonly string[]): string {
  let at = tokens.length - 1
  while (at >= 0 && !isOperator(tokens[at])) at--
  while (at >= 0 && isOperator(tokens[at])) at--
  return tokens[at] ?? tokens.at(-1) ?? ''
}
