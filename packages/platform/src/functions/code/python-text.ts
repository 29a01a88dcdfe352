/**
 * Just enough of Python's grammar to find definitions without a Python: strings, comments and brackets are stepped over whole.
 * What it cannot make sense of (an unclosed string or bracket) ends at the end of the text.
 */

/** The end of the string that begins at `at`, prefix included; undefined where none begins. */
export function stringEnd(text: string, at: number): number | undefined {
  const opened = /^[rRbBuUfFtT]{0,2}("""|'''|"|')/.exec(text.slice(at, at + 5))
  if (!opened) return undefined
  const [whole, quote = '"'] = opened
  for (let place = at + whole.length; place < text.length; place++) {
    if (text[place] === '\\') place++
    else if (text.startsWith(quote, place)) return place + quote.length
    else if (text[place] === '\n' && quote.length === 1) return place
  }
  return text.length
}

/** Steps over one string, comment or character; the next place. */
function step(text: string, at: number): number {
  if (text[at] === '#') {
    const end = text.indexOf('\n', at)
    return end < 0 ? text.length : end
  }
  // A letter before a quote is a prefix only where no name goes on.
  if (/["'rRbBuUfFtT]/.test(text[at]!) && (at === 0 || !/\w/.test(text[at - 1]!))) return stringEnd(text, at) ?? at + 1
  return text[at] === '\\' ? at + 2 : at + 1
}

/** The place of the bracket that closes the one at `at`. */
export function closingBracket(text: string, at: number): number {
  let depth = 0
  for (let place = at; place < text.length; place = step(text, place)) {
    if ('([{'.includes(text[place]!)) depth++
    else if (')]}'.includes(text[place]!) && --depth === 0) return place
  }
  return text.length
}

/** Splits at a sign that stands in no bracket, string or comment. */
export function splitTopLevel(text: string, sign: string, most = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = []
  let start = 0
  for (let place = 0; place < text.length;) {
    if ('([{'.includes(text[place]!)) place = closingBracket(text, place) + 1
    else if (
      text[place] === sign &&
      parts.length + 1 < most &&
      text[place + 1] !== '=' &&
      !'=<>!:'.includes(text[place - 1] ?? ' ')
    ) {
      parts.push(text.slice(start, place))
      start = ++place
    } else place = step(text, place)
  }
  return [...parts, text.slice(start)]
}

/** Without comments, on one line. */
export function withoutComments(text: string): string {
  let plain = ''
  for (let place = 0; place < text.length;) {
    const next = step(text, place)
    if (text[place] !== '#') plain += text.slice(place, next)
    place = next
  }
  return plain.replaceAll(/\s*\n\s*/g, ' ').trim()
}

/** Places of the lines at which a statement may begin: not those inside of strings and brackets. */
export function statementStarts(text: string): number[] {
  const starts: number[] = text.length > 0 ? [0] : []
  for (let place = 0; place < text.length;) {
    if ('([{'.includes(text[place]!)) {
      place = closingBracket(text, place) + 1
      continue
    }
    const next = step(text, place)
    if (text[place] === '\n' && next < text.length) starts.push(next)
    place = next
  }
  return starts
}
