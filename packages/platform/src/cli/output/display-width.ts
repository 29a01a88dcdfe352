import { stripVTControlCharacters } from 'node:util'

/**
 * How many columns of a terminal a text takes: 2 for East Asian wide characters and emoji, 0 for combining marks; colours are not
 * counted. Plain ASCII, nearly all text in our tables, takes the fast path.
 */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) width += graphemeWidth(segment)
  return width
}

/** The text cut to at most `width` columns, ending in an ellipsis when something is missing. */
export function ellipsis(text: string, width: number): string {
  if (width <= 0) return ''
  if (plain.test(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) {
    const next = graphemeWidth(segment)
    if (used + next > width - 1) break
    kept += segment
    used += next
  }
  return `${kept}…`
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)))
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - displayWidth(text))) + text

const plain = /^[\u0020-\u007e]*$/
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u
const emoji = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[0-9#*]\ufe0f\u20e3|\p{Regional_Indicator}{2}/u

/** Blocks that East Asian Width calls wide or full-width (Unicode 16), emoji aside. */
const wideRanges: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]

function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0
  if (emoji.test(grapheme)) return 2
  const code = grapheme.codePointAt(0)!
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1
}
