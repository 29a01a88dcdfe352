import { AppError } from './errors.ts'

/**
 * Tokens of our small languages (filters, sorts, stop conditions, lists of values).
 *
 * - `word`: a bare name. It starts with a letter or `_` and goes on with letters, digits and `_ - . / :`; there is no arithmetic,
 *   so `metrics.val/loss` is one name.
 * - `quoted`: text in single quotes, double quotes or backticks. A backslash escapes a quote or a backslash and makes `\n \t \r`;
 *   before anything else it stays. A doubled quote stands for one.
 * - `number`: `3`, `-1e-3`, `.5`.
 * - `symbol`: an operator or punctuation.
 */
export type ExpressionToken =
  | { type: 'word'; text: string; position: number; end: number }
  | { type: 'quoted'; text: string; quote: '"' | "'" | '`'; position: number; end: number }
  | { type: 'number'; text: string; value: number; position: number; end: number }
  | { type: 'symbol'; text: string; position: number; end: number }
  | { type: 'end'; text: ''; position: number; end: number }

const wordPattern = /[\p{L}_][\p{L}\p{N}\p{M}_\-./:]*/uy
const numberPattern = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const symbolPattern = /==|!=|<>|<=|>=|[=<>(),[\]]/y
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"', '`': '`' }

/** Depth of parentheses and `not` that is still read; deeper text is refused, so that no reader of the tree overflows its stack. */
export const maxExpressionDepth = 100
/** Conditions in one text. SQLite refuses expressions deeper than 1,000, and a chain of `and` is as deep as it is long. */
export const maxExpressionConditions = 500

/** Reads `text` token by token with one token of look-ahead. Every complaint is an `AppError` that carries `details.position`. */
export class ExpressionReader {
  readonly text: string
  readonly #what: string
  #current: ExpressionToken
  #depth = 0
  #conditions = 0

  /** `what` opens every complaint: `Filter`, `Stop condition`. */
  constructor(text: string, what: string) {
    this.text = text
    this.#what = what
    this.#current = this.#scan(0)
  }

  get current(): ExpressionToken {
    return this.#current
  }

  next(): ExpressionToken {
    const token = this.#current
    if (token.type !== 'end') this.#current = this.#scan(token.end)
    return token
  }

  /** Takes the current token when it is this symbol. */
  takeSymbol(...symbols: string[]): string | undefined {
    const token = this.#current
    if (token.type !== 'symbol' || !symbols.includes(token.text)) return undefined
    this.next()
    return token.text
  }

  /** Takes the current token when it is this keyword, in upper or lower case. */
  takeKeyword(...keywords: string[]): string | undefined {
    const token = this.#current
    if (token.type !== 'word' || !keywords.includes(token.text.toLowerCase())) return undefined
    this.next()
    return token.text.toLowerCase()
  }

  expectSymbol(symbol: string, why: string): void {
    if (this.takeSymbol(symbol) === undefined) this.expected(`${symbol} ${why}`)
  }

  expectEnd(expectedInstead: string): void {
    if (this.#current.type !== 'end') this.expected(expectedInstead)
  }

  /** Counts nesting around `read`. */
  nested<Result>(read: () => Result): Result {
    if (++this.#depth > maxExpressionDepth) this.fail(`nested deeper than ${maxExpressionDepth} levels; write it flatter`)
    const result = read()
    this.#depth--
    return result
  }

  countCondition(): void {
    if (++this.#conditions > maxExpressionConditions) {
      this.fail(`more than ${maxExpressionConditions} conditions; use in (…) for lists of values`)
    }
  }

  /** Refuses the current token, naming what would be right. */
  expected(expected: string): never {
    return this.fail(`expected ${expected}, but got ${this.describe(this.#current)}`, this.#current.position, { expected })
  }

  describe(token: ExpressionToken): string {
    if (token.type === 'end') return 'the end of the text'
    const raw = this.text.slice(token.position, token.end)
    return raw.length > 40 ? `${raw.slice(0, 40)}…` : raw
  }

  fail(problem: string, position = this.#current.position, details: Record<string, unknown> = {}): never {
    throw new AppError('invalid_argument', `${this.#what}, column ${position + 1}: ${problem}.`, {
      details: { ...details, position, text: this.text },
    })
  }

  #scan(from: number): ExpressionToken {
    let position = from
    while (position < this.text.length && /\s/.test(this.text[position]!)) position++
    const first = this.text[position]
    if (first === undefined) return { type: 'end', text: '', position, end: position }
    if (first === '"' || first === "'" || first === '`') return this.#scanQuoted(first, position)
    const word = this.#match(wordPattern, position)
    if (word !== undefined) return { type: 'word', text: word, position, end: position + word.length }
    const number = this.#match(numberPattern, position)
    if (number !== undefined) return this.#scanNumber(number, position)
    const infinite = this.#match(/[+-]inf(?:inity)?(?![\p{L}\p{N}_])/iuy, position)
    if (infinite !== undefined) {
      const value = first === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
      return { type: 'number', text: infinite, value, position, end: position + infinite.length }
    }
    const symbol = this.#match(symbolPattern, position)
    if (symbol !== undefined) return { type: 'symbol', text: symbol, position, end: position + symbol.length }
    return this.fail(`unexpected character ${String.fromCodePoint(this.text.codePointAt(position)!)}`, position)
  }

  #scanNumber(number: string, position: number): ExpressionToken {
    const end = position + number.length
    const tail = this.#match(/[\p{L}\p{N}_.:-]+/uy, end)
    if (tail !== undefined) this.fail(`${number}${tail} is neither a number nor a name; put it in quotes`, position)
    return { type: 'number', text: number, value: Number(number), position, end }
  }

  #scanQuoted(quote: '"' | "'" | '`', position: number): ExpressionToken {
    let value = ''
    for (let at = position + 1; at < this.text.length; at++) {
      const character = this.text[at]!
      const following = this.text[at + 1]
      if (character === '\\' && following !== undefined && escapes[following] !== undefined) {
        value += escapes[following]
        at++
      } else if (character !== quote) {
        value += character
      } else if (following === quote) {
        value += quote
        at++
      } else {
        return { type: 'quoted', text: value, quote, position, end: at + 1 }
      }
    }
    return this.fail(`the text that starts with ${quote} here has no closing ${quote}`, position)
  }

  #match(pattern: RegExp, position: number): string | undefined {
    pattern.lastIndex = position
    return pattern.exec(this.text)?.[0]
  }
}
