import { endOfText, type JsonValue } from './json.ts'

/**
 * JSON as Python writes and reads it: the words NaN, Infinity and -Infinity stand for numbers. Nobody can guess the mark under which
 * they pass through the parser, so no text of a user is taken for one.
 */
const mark = `number ${crypto.randomUUID()} `
const words: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** `SyntaxError` for what is no JSON. */
export function parsePythonJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
  }
  return JSON.parse(withMarks(text), (_key, value: JsonValue) =>
    typeof value === 'string' && value.startsWith(mark) ? words[value.slice(mark.length)]! : value,
  ) as JsonValue
}

/** Only words between values are numbers; those within texts stay. One pass, as anybody may send megabytes of quotation marks. */
function withMarks(text: string): string {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at)
    const start = quote === -1 ? text.length : quote
    const end = quote === -1 ? text.length : endOfText(text, quote)
    parts.push(
      text.slice(at, start).replaceAll(/-?Infinity|NaN/g, (word) => JSON.stringify(mark + word)),
      text.slice(start, end),
    )
    at = end
  }
  return parts.join('')
}

/** Most documents hold no such number, and a look for them costs a fifth of writing with one in mind. */
export function writePythonJson(value: unknown): string {
  if (!holdsWord(value)) return JSON.stringify(value)
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? `${mark}${part}` : part,
  )
  return text.replaceAll(new RegExp(`"${mark}(-?[A-Za-z]+)"`, 'g'), '$1')
}

function holdsWord(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsWord)
  for (const name in value) if (holdsWord((value as Record<string, unknown>)[name])) return true
  return false
}
