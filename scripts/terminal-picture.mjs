// Draws what a command prints on a terminal as an SVG picture: runs it in a pseudo-terminal (the program `script` of util-linux),
// follows the control sequences our program uses, writes the final screen. The picture in README.md was made by
//   node scripts/terminal-picture.mjs docs/pictures/sweep.svg --columns 96 -- trainyard run …
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const cell = { width: 8.4, height: 18 }
const escape = String.fromCharCode(27)
const margin = { side: 18, top: 46, bottom: 16 }
const palette = {
  background: '#11151c',
  bar: '#1b212c',
  text: '#d7dde8',
  dim: '#7c8798',
  31: '#ff7b72',
  32: '#6fdd8b',
  33: '#e3b341',
  34: '#79b8ff',
  35: '#d2a8ff',
  36: '#5cc8d7',
}

// A control sequence, or one character.
const pieces = new RegExp(String.raw`${escape}\[([?\d;]*)([A-Za-z])|${escape}[()][A-Z0-9]|[\s\S]`, 'gu')

/** The screen after `text`: rows of cells `{ character, color, bold, dim }`. Knows CR, LF, erasing, cursor up and colours. */
export function screenOf(text, columns) {
  const rows = [[]]
  let [row, column] = [0, 0]
  let style = {}
  for (const [piece, parameters, kind] of text.matchAll(pieces)) {
    if (kind === 'm') style = restyled(style, parameters)
    else if (kind === 'K') rows[row] = parameters === '2' ? [] : rows[row].slice(0, column)
    else if (kind === 'A') row = Math.max(0, row - Number(parameters || 1))
    else if (kind === 'G') column = Number(parameters || 1) - 1
    else if (piece === '\r') column = 0
    else if (piece === '\n') {
      row += 1
      rows[row] ??= []
    } else if (!piece.startsWith(escape) && piece >= ' ') {
      if (column >= columns) {
        column = 0
        row += 1
        rows[row] ??= []
      }
      for (let index = rows[row].length; index < column; index++) rows[row][index] = { character: ' ' }
      rows[row][column++] = { character: piece, ...style }
    }
  }
  while (rows.length > 0 && rows.at(-1).every(({ character }) => character === ' ')) rows.pop()
  return rows
}

function restyled(style, parameters) {
  let next = { ...style }
  for (const code of (parameters || '0').split(';').map(Number)) {
    if (code === 0) next = {}
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 22) next = { color: next.color }
    else if (code === 39) delete next.color
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) next.color = code >= 90 ? code - 60 : code
  }
  return next
}

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const fillOf = ({ color, dim }) => (dim ? palette.dim : (palette[color] ?? palette.text))
const round = (value) => Number(value.toFixed(1))

/** Blocks and dots are drawn: fonts disagree about their width. */
function drawn(item, x, y) {
  const code = item.character.codePointAt(0)
  const fill = fillOf(item)
  if (code >= 0x2588 && code <= 0x258f) {
    const width = round((cell.width * (0x2590 - code)) / 8)
    return `<rect x="${x}" y="${round(y + 3)}" width="${round(width + 0.1)}" height="${cell.height - 6}" fill="${fill}"/>`
  }
  if (code === 0x2591) {
    return `<rect x="${x}" y="${round(y + 3)}" width="${round(cell.width + 0.1)}" height="${cell.height - 6}" fill="${fill}" opacity="0.35"/>`
  }
  if (code < 0x2800 || code > 0x28ff) return undefined
  const dots = []
  for (const [bit, [across, down]] of [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 1],
    [1, 2],
    [0, 3],
    [1, 3],
  ].entries()) {
    if (((code - 0x2800) >> bit) % 2 === 0) continue
    const centre = [round(x + cell.width * (0.27 + across * 0.46)), round(y + cell.height * (0.14 + down * 0.24))]
    dots.push(`<circle cx="${centre[0]}" cy="${centre[1]}" r="1.5" fill="${fill}"/>`)
  }
  return dots.join('')
}

/** One row: words of one style become one element, told how wide to be. */
function rowElements(row, y) {
  const elements = []
  for (let start = 0; start < row.length;) {
    const x = round(margin.side + start * cell.width)
    const shape = drawn(row[start], x, y)
    if (shape !== undefined) {
      elements.push(shape)
      start += 1
      continue
    }
    let end = start + 1
    const look = ({ color, bold, dim }) => `${color} ${bold} ${dim}`
    while (end < row.length && look(row[end]) === look(row[start]) && drawn(row[end], 0, 0) === undefined) end++
    const characters = row.slice(start, end).map(({ character }) => character)
    if (characters.some((character) => character !== ' ')) {
      const width = round(characters.length * cell.width)
      const weight = row[start].bold ? ' font-weight="700"' : ''
      elements.push(
        `<text x="${x}" y="${round(y + 13)}" textLength="${width}" fill="${fillOf(row[start])}"${weight} xml:space="preserve">${escapeXml(characters.join(''))}</text>`,
      )
    }
    start = end
  }
  return elements.join('')
}

/** A window with a title bar and the rows. */
export function pictureOf(rows, { columns, title }) {
  const width = Math.ceil(columns * cell.width + 2 * margin.side)
  const height = margin.top + rows.length * cell.height + margin.bottom
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, index) => `<circle cx="${20 + index * 18}" cy="16" r="5.5" fill="${color}"/>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${palette.background}"/>`,
    `<path d="M0 8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v24H0z" fill="${palette.bar}"/>`,
    ...lights,
    `<text x="${width / 2}" y="21" text-anchor="middle" font-size="12" fill="${palette.dim}">${escapeXml(title)}</text>`,
    ...rows.map((row, index) => rowElements(row, margin.top + index * cell.height)),
    '</svg>\n',
  ].join('\n')
}

const quoted = (word) => (/^[\w./:=@,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)

/** What the command wrote to a terminal of that width. */
async function recorded(words, columns) {
  const command = `stty cols ${columns} rows 60; ${words.map(quoted).join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`the command ended with ${code}:\n${text}`)
  return text
}

/** The typed command as the first rows, broken where it gets too long. */
function typed(words, columns) {
  const lines = ['$']
  for (const word of words.map(quoted)) {
    if (lines.at(-1).length + word.length + 3 > columns) {
      lines[lines.length - 1] += ' \\'
      lines.push('   ')
    }
    lines[lines.length - 1] += ` ${word}`
  }
  return lines.map((line) =>
    Array.from(line, (character, index) =>
      line[0] === '$' && index === 0 ? { character, color: 32 } : { character, bold: true },
    ),
  )
}

if (process.argv[1]?.endsWith('terminal-picture.mjs')) {
  const separator = process.argv.indexOf('--')
  const [target, ...options] = process.argv.slice(2, separator)
  const words = process.argv.slice(separator + 1)
  if (separator < 0 || target === undefined || words.length === 0) {
    console.error('usage: node scripts/terminal-picture.mjs picture.svg [--columns 96] [--title text] -- command…')
    process.exit(2)
  }
  const option = (name, otherwise) => (options.includes(name) ? options[options.indexOf(name) + 1] : otherwise)
  const columns = Number(option('--columns', '96'))
  const rows = [...typed(words, columns), ...screenOf(await recorded(words, columns), columns)]
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, pictureOf(rows, { columns, title: option('--title', process.cwd()) }))
  console.log(`${target}: ${rows.length} rows`)
}
