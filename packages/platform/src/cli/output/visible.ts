/**
 * Text from users and scripts as it may be shown in a table or a sentence: control characters become visible signs (U+2400 to
 * U+2421), direction overrides and C1 controls become escapes, so that a run's name can neither move the cursor nor colour the
 * screen nor forge a second line. `logs` does not use this: it passes bytes through as the script wrote them.
 */
export function visible(text: string): string {
  return harmless.test(text) ? text : text.toWellFormed().replace(control, sign)
}

/** Like `visible`, but lines and tabs stay: for tracebacks and previews. */
export function visibleLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n')
}

const harmless = /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u024f]*$/
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function sign(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `\\u${code.toString(16).padStart(4, '0')}`
}
