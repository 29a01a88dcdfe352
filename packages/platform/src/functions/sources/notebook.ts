import { AppError, isJsonObject, type JsonValue } from '@trainyard/contract'

/** What a notebook gives: the code of its function, and packages that its cells install. */
export interface NotebookCode {
  code: string
  requirements: string[]
}

export interface NotebookOptions {
  /** Of several named functions (`start-code name`) this one. Without it unnamed markers count. */
  name?: string
  /** Cells with one of these tags are left out. */
  ignoredTags?: readonly string[]
}

const marker = (word: string): RegExp =>
  new RegExp(String.raw`^[ \t]*#[ \t]*(?:mlrun|nuclio|trainyard)[ \t]*:[ \t]*${word}(?:[ \t]+([\w.-]+))?[ \t]*$`, 'im')
const ignoreMarker = marker('ignore')
const startMarker = marker('start-code')
const endMarker = marker('end-code')

/**
 * The code cells of a notebook (nbformat 3 and 4) as one Python file. `# mlrun: ignore` leaves a cell out. With `# mlrun: start-code`
 * what stands before it is left out, with `# mlrun: end-code` what stands behind it; only the first marker of a kind in a cell counts.
 * Lines for the notebook itself (`%magic`, `!command`) become comments; packages they install are told. `invalid_argument` for what is
 * no notebook.
 */
export function readNotebook(text: string, source: string, options: NotebookOptions = {}): NotebookCode {
  const cells = codeCells(parseNotebook(text, source))
  const ignored = new Set(options.ignoredTags ?? [])
  const wanted = cells.filter(({ text: cell, tags }) => !ignoreMarker.test(cell) && !tags.some((tag) => ignored.has(tag)))
  const pieces = markedPieces(
    wanted.map(({ text: cell }) => cell),
    options.name,
    source,
  )
  const requirements: string[] = []
  const code = pieces
    .map((piece) => plainPython(piece, requirements))
    .map((piece) => piece.replace(/^\s*\n/, '').trimEnd())
    .filter((piece) => piece !== '')
  if (code.length === 0)
    throw new AppError(
      'invalid_argument',
      `${source} has no code for a function: every cell is empty, ignored or outside of start-code and end-code.`,
    )
  return {
    code: `# Code of ${source.split('/').at(-1)}\n\n${code.join('\n\n').trimEnd()}\n`,
    requirements: Array.from(new Set(requirements)),
  }
}

function parseNotebook(text: string, source: string): JsonValue[] {
  let content: JsonValue
  try {
    content = JSON.parse(text) as JsonValue
  } catch (error) {
    throw new AppError('invalid_argument', `${source} is not a notebook: it is not JSON.`, { cause: error })
  }
  const sheet = isJsonObject(content) && Array.isArray(content['worksheets']) ? content['worksheets'][0] : content
  const cells = isJsonObject(sheet) ? sheet['cells'] : undefined
  if (!Array.isArray(cells)) throw new AppError('invalid_argument', `${source} is not a notebook: it has no cells.`)
  return cells
}

interface Cell {
  text: string
  tags: string[]
}

const codeCells = (cells: readonly JsonValue[]): Cell[] =>
  cells.filter(isJsonObject).flatMap((cell) => {
    if (cell['cell_type'] !== 'code') return []
    const lines = cell['source'] ?? cell['input'] ?? ''
    const text = Array.isArray(lines) ? lines.filter((line) => typeof line === 'string').join('') : lines
    const tags = isJsonObject(cell['metadata']) && Array.isArray(cell['metadata']['tags']) ? cell['metadata']['tags'] : []
    return typeof text === 'string' ? [{ text, tags: tags.filter((tag) => typeof tag === 'string') }] : []
  })

/** What lies between the markers that count. */
function markedPieces(cells: readonly string[], name: string | undefined, source: string): string[] {
  const counts = (found: RegExpExecArray | null): found is RegExpExecArray =>
    found !== null && (found[1] === undefined || name === undefined || found[1] === name)
  const starts = cells.map((cell) => startMarker.exec(cell))
  const named = Array.from(new Set(starts.flatMap((found) => (found?.[1] === undefined ? [] : [found[1]]))))
  if (named.length > 1 && (name === undefined || !named.includes(name)))
    throw new AppError(
      'invalid_argument',
      `${source} holds several functions, ${named.join(', ')}: name the function like one of them.`,
    )
  const hasStart = starts.some(counts)
  const pieces: string[] = []
  let inside = !hasStart
  for (const [index, cell] of cells.entries()) {
    const start = starts[index] ?? null
    let from = 0
    if (counts(start)) {
      inside = true
      from = start.index + start[0].length
    } else if (start !== null) inside = false
    const end = endMarker.exec(cell.slice(from))
    const ends = counts(end)
    if (inside) pieces.push(ends ? cell.slice(from, from + end.index) : cell.slice(from))
    if (ends) inside = false
  }
  return pieces
}

const installer =
  /^[ \t]*[%!][ \t]*(?:nuclio[ \t]+cmd[ \t]+(?:-c[ \t]+)?)?(?:python3?[ \t]+-m[ \t]+)?pip3?[ \t]+install[ \t]+(.+)$/

/** Python without what only the notebook understands. */
function plainPython(piece: string, requirements: string[]): string {
  // A cell that is in another language as a whole.
  if (/^\s*%%(?!time\b|timeit\b|capture\b)/.test(piece)) return ''
  return piece
    .split('\n')
    .map((line) => {
      const installed = installer.exec(line)?.[1]
      if (installed !== undefined) requirements.push(...packagesOf(installed))
      return /^[ \t]*(?:[%!]|[\w.]+\?{1,2}[ \t]*$)/.test(line) && !continues(line) ? line.replace(/^([ \t]*)/, '$1# ') : line
    })
    .join('\n')
}

/** `%` at the start of a line inside of an expression: the rest of `a \n % b`. */
const continues = (line: string): boolean => /^[ \t]*%[ \t=(]/.test(line)

/** Names and versions; options such as `-q` and `--upgrade` are for the notebook. */
const packagesOf = (words: string): string[] =>
  (words.match(/"[^"]*"|'[^']*'|\S+/g) ?? [])
    .map((word) => word.replaceAll(/^["']|["']$/g, ''))
    .filter((word) => /^[A-Za-z0-9]/.test(word) && !word.includes('://'))
