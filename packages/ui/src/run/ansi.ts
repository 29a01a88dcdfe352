/** A piece of a line with the classes of its colours. */
export interface AnsiPart {
  text: string
  classes: string
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
// oxlint-disable-next-line no-control-regex -- The escape character is what starts a colour.
const escapePattern = /\u001B\[([0-9;]*)([A-Za-z])/g

/** Colours and weight of terminal output; other control sequences are taken out. Nothing of it is markup. */
export function parseAnsi(line: string): AnsiPart[] {
  const shown = line.includes('\r') ? (line.replace(/\r+$/, '').split('\r').at(-1) ?? '') : line
  if (!shown.includes('\u001B')) return [{ text: shown, classes: '' }]
  const parts: AnsiPart[] = []
  let colour = ''
  let isBold = false
  let at = 0
  const push = (text: string): void => {
    if (text !== '') parts.push({ text, classes: `${isBold ? 'ansi-bold ' : ''}${colour === '' ? '' : `ansi-${colour}`}`.trim() })
  }
  for (const match of shown.matchAll(escapePattern)) {
    push(shown.slice(at, match.index))
    at = match.index + match[0].length
    if (match[2] !== 'm') continue
    for (const code of (match[1] || '0').split(';').map(Number)) {
      if (code === 0) {
        colour = ''
        isBold = false
      } else if (code === 1) isBold = true
      else if (code === 22) isBold = false
      else if (code === 39) colour = ''
      else if (code >= 30 && code <= 37) colour = names[code - 30]!
      else if (code >= 90 && code <= 97) colour = names[code - 90]!
    }
  }
  push(shown.slice(at))
  return parts
}
