import { AppError } from '@trainyard/contract'

/** NaN and the infinities as texts: JSON has no other way to keep them. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part))

/** Deeper than any record of ours, and far from what would overflow a stack. */
const deepest = 64

/** A body as JSON; empty means an empty object. `invalid_argument` when it is none, or nested too deeply. */
export function readJson(body: string): unknown {
  if (body.trim() === '') return {}
  checkDepth(body)
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new AppError('invalid_argument', 'The body is not valid JSON.', { cause: error })
  }
}

/** A scan of the text costs a tenth of parsing it. */
function checkDepth(text: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfText(text, at)
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) throw new AppError('invalid_argument', `The body is nested more than ${deepest} levels deep.`)
    } else if (code === 0x5d || code === 0x7d) depth--
  }
}

/** Where the quotation mark is that ends the text begun here. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}
