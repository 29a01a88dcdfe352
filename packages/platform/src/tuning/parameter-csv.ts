import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inferValue, type JsonValue } from '@trainyard/contract'
import type { FileComplaint } from './parameter-json.ts'
import { PackedRows, type ParameterRows } from './parameter-rows.ts'

const csvReasons: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened here and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'there is text behind a closing quote',
  INVALID_OPENING_QUOTE: 'there is a quote inside an unquoted value; double it and put the value in quotes',
}

/**
 * One pass over the file finds where each row starts and refuses what is wrong; a row is parsed when it is asked for. Without a
 * quote in the whole file a line is a row and the pass only counts: a million rows of three columns take 0.4 s, where the parser
 * takes 3.5 s. Both ways need 8 MB beside the file.
 */
export const readCsvRows = async (
  bytes: Buffer,
  { delimiter, complain }: { delimiter: string; complain: FileComplaint },
): Promise<ParameterRows> => {
  const { parse, CsvError } = await import('csv-parse')
  const { parse: parseNow } = await import('csv-parse/sync')
  const options = { delimiter, trim: true, skip_empty_lines: true, relax_column_count: true } as const
  const rows = new PackedRows(bytes)
  const rowOf =
    (names: readonly string[]) =>
    (index: number): Record<string, JsonValue> => {
      const [cells = []] = parseNow(rows.text(index), { ...options, to: 1 })
      return Object.fromEntries(cells.flatMap((cell, column) => (cell === '' ? [] : [[names[column]!, inferValue(cell)]])))
    }
  if (isPlain(bytes)) {
    const names = scanPlainLines(bytes, {
      delimiter: delimiter.charCodeAt(0),
      rows,
      complain,
      header: (line) => parseNow(line, options)[0] ?? [],
    })
    return { keys: names, length: rows.length, row: rowOf(names) }
  }
  let keys: string[] | undefined
  let start = 0
  const onRecord = (record: string[], { bytes: end, lines }: { bytes: number; lines: number }): null => {
    if (keys === undefined) keys = checkHeader(record, (problem) => complain(problem, { line: lines }))
    else if (record.length === keys.length) rows.add(start)
    else complain(ragged(record.length, keys.length), { line: lines })
    start = end
    return null
  }
  try {
    await pipeline(Readable.from(pieces(bytes)), parse({ ...options, on_record: onRecord }).resume())
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? { line: error['lines'] } : {}
    complain(csvReasons[error.code] ?? error.message, line)
  }
  const names = keys ?? complain('the file is empty')
  if (rows.length === 0) complain(noRows)
  return {
    keys: names,
    length: rows.length,
    row: rowOf(names),
  }
}

const noRows = 'there is a header and no row below it'

const ragged = (values: number, columns: number): string =>
  `the row has ${count(values, 'value')} and the header ${count(columns, 'column')}`

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

const checkHeader = (names: string[], complain: (problem: string) => never): string[] => {
  const seen = new Set<string>()
  for (const [index, name] of names.entries()) {
    if (name === '') complain(`column ${index + 1} has no name`)
    if (seen.has(name)) complain(`column ${name} is there twice`)
    seen.add(name)
  }
  return names
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 1 << 20) yield bytes.subarray(start, start + (1 << 20))
}

const [lineFeed, carriageReturn] = [10, 13]
const blanks = new Set([9, 12, 13, 32])

/** No quotes, and no line ends but LF and CRLF. */
const isPlain = (bytes: Buffer): boolean => {
  if (bytes.includes('"')) return false
  for (let at = bytes.indexOf(carriageReturn); at >= 0; at = bytes.indexOf(carriageReturn, at + 1)) {
    if (bytes[at + 1] !== lineFeed) return false
  }
  return true
}

/** Adds the rows below the header and gives back its names. Blank lines are passed over, as the parser does. */
const scanPlainLines = (
  bytes: Buffer,
  options: { delimiter: number; rows: PackedRows; complain: FileComplaint; header: (line: string) => string[] },
): string[] => {
  const { delimiter, rows, complain } = options
  let names: string[] | undefined
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    let values = 1
    let blank = true
    let end = start
    for (; end < bytes.length && bytes[end] !== lineFeed; end++) {
      const byte = bytes[end]!
      if (byte === delimiter) values++
      if (blank && !blanks.has(byte)) blank = false
    }
    if (!blank || values > 1) {
      if (names === undefined) {
        const text = bytes.subarray(start, end).toString('utf8')
        names = checkHeader(options.header(text), (problem) => complain(problem, { line }))
      } else if (values === names.length) rows.add(start)
      else complain(ragged(values, names.length), { line })
    }
    start = end + 1
  }
  if (names === undefined) return complain('the file is empty')
  if (rows.length === 0) complain(noRows)
  return names
}
