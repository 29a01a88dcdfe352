import { AppError, type Distribution, ExpressionReader, isAppError, type JsonValue } from '@trainyard/contract'
import { checkHyperParameter } from './distributions.ts'

const forms: Record<Distribution['type'], string> = {
  choice: 'choice(a, b)',
  uniform: 'uniform(0, 1) or uniform(0, 1, step=0.1)',
  loguniform: 'loguniform(1e-4, 1e-1)',
  int: 'int(1, 10), int(0, 100, step=10) or int(1, 64, log)',
  normal: 'normal(0, 1)',
}

/**
 * The value of `-x key=text`: a JSON list (`[1,2,3]`; bare words are texts, so `[rbf,linear]` works where the shell ate the quotes)
 * or a distribution in call form (`loguniform(1e-4,1e-1)`, `int(1,64,log)`, `choice(a,b)`).
 * Fails with `invalid_argument` and the right form.
 */
export const parseHyperParameter = (key: string, text: string): JsonValue[] | Distribution => {
  const trimmed = text.trim()
  const hyperParameter = trimmed.startsWith('[') ? parseList(key, trimmed) : parseCall(key, trimmed)
  checkHyperParameter(key, hyperParameter)
  return hyperParameter
}

const parseList = (key: string, text: string): JsonValue[] => {
  try {
    return JSON.parse(text) as JsonValue[]
  } catch {
    // Not JSON: a list of bare words, or a mistake that the reader explains with its position.
    return explaining(key, () => {
      const reader = new ExpressionReader(text, `Hyper-parameter ${key}`)
      reader.expectSymbol('[', 'to open the list')
      const values = readValues(reader, ']')
      reader.expectEnd('nothing behind the list')
      return values
    })
  }
}

const parseCall = (key: string, text: string): Distribution => {
  const name = /^([A-Za-z]+)\s*\(/.exec(text)?.[1]?.toLowerCase()
  if (name === undefined || !Object.hasOwn(forms, name)) {
    const example = text === '' || text.includes('(') ? '[1,2,3]' : `[${text}]`
    throw new AppError(
      'invalid_argument',
      `Hyper-parameter ${key}: ${text === '' ? 'an empty text' : text} is neither a list nor a distribution; write -x ${key}='${example}' ` +
        `or one of ${Object.values(forms).join(', ')}.`,
      { details: { key } },
    )
  }
  return explaining(key, () => {
    const reader = new ExpressionReader(text, `Hyper-parameter ${key}`)
    reader.next()
    reader.next()
    const type = name as Distribution['type']
    const distribution = type === 'choice' ? { type, values: readValues(reader, ')') } : readNumbers(reader, type)
    reader.expectEnd('nothing behind the distribution')
    return distribution
  })
}

/** Adds the right forms to what the reader complained about. */
const explaining = <Result>(key: string, read: () => Result): Result => {
  try {
    return read()
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(
      'invalid_argument',
      `${error.message.slice(0, -1)}; write a list such as [1,2,3] or ["a","b"], or ${forms.int}.`,
      {
        cause: error,
        details: { ...error.details, key },
      },
    )
  }
}

const readValues = (reader: ExpressionReader, closing: ']' | ')'): JsonValue[] => {
  const values: JsonValue[] = []
  if (reader.takeSymbol(closing) !== undefined) return values
  do values.push(readValue(reader))
  while (reader.takeSymbol(',') !== undefined)
  reader.expectSymbol(closing, 'or a comma behind the value')
  return values
}

const words: Record<string, JsonValue> = { true: true, false: false, null: null }

const readValue = (reader: ExpressionReader): JsonValue => {
  if (reader.takeSymbol('[') !== undefined) return reader.nested(() => readValues(reader, ']'))
  const token = reader.current
  if (token.type === 'symbol' || token.type === 'end') return reader.expected('a value')
  reader.next()
  if (token.type === 'number') return token.value
  return token.type === 'word' && Object.hasOwn(words, token.text) ? words[token.text]! : token.text
}

/** `low, high` or `mean, std`, then `step=…`, a bare third number (the step) or `log`. */
const readNumbers = (reader: ExpressionReader, type: Exclude<Distribution['type'], 'choice'>): Distribution => {
  const first = readNumber(reader)
  reader.expectSymbol(',', `between the two numbers, as in ${forms[type]}`)
  const second = readNumber(reader)
  const extras: { step?: number; log?: true } = {}
  while (reader.takeSymbol(',') !== undefined) {
    if (type === 'int' && reader.takeKeyword('log') !== undefined) extras.log = true
    else if (type === 'int' || type === 'uniform') {
      if (reader.takeKeyword('step') !== undefined) reader.expectSymbol('=', 'behind step')
      extras.step = readNumber(reader)
    } else reader.expected(`) to close ${forms[type]}`)
  }
  reader.expectSymbol(')', `to close ${forms[type]}`)
  if (type === 'normal') return { type, mean: first, std: second }
  return type === 'loguniform' ? { type, low: first, high: second } : { type, low: first, high: second, ...extras }
}

const readNumber = (reader: ExpressionReader): number => {
  const token = reader.current
  if (token.type !== 'number') return reader.expected('a number')
  reader.next()
  return token.value
}
