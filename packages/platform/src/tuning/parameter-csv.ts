import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inferValue } from './infer-value.ts'
import type { FileComplaint } from './parameter-json.ts'
import { PackedRows, type ParameterRows } from './parameter-rows.ts'

const csvReasons: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened here and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'there is text behind a closing quote',
  INVALID_OPENING_QUOTE: 'there is a quote inside an unquoted value; double it and put the value in quotes',
}

/**
 * One pass over the file finds where each row starts and refuses what is wrong; a row is parsed again when it is asked for. The
 * parser sees every row twice, and so both passes agree on quotes, line ends and blanks. A million rows of three columns take
 * about two seconds (mostly the parser) and 50 MB beside the file.
 */
export const readCsvRows = async (
  bytes: Buffer,
  { delimiter, complain }: { delimiter: string; complain: FileComplaint },
): Promise<ParameterRows> => {
  const { parse, CsvError } = await import('csv-parse')
  const { parse: parseNow } = await import('csv-parse/sync')
  const options = { delimiter, trim: true, skip_empty_lines: true, relax_column_count: true } as const
  const rows = new PackedRows(bytes)
  let keys: string[] | undefined
  let start = 0
  const onRecord = (record: string[], { bytes: end, lines }: { bytes: number; lines: number }): null => {
    if (keys === undefined) keys = checkHeader(record, (problem) => complain(problem, { line: lines }))
    else if (record.length === keys.length) rows.add(start)
    else complain(`the row has ${count(record.length, 'value')} and the header ${count(keys.length, 'column')}`, { line: lines })
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
  if (rows.length === 0) complain('there is a header and no row below it')
  return {
    keys: names,
    length: rows.length,
    row: (index) => {
      const [cells = []] = parseNow(rows.text(index), { ...options, to: 1 })
      return Object.fromEntries(cells.flatMap((cell, column) => (cell === '' ? [] : [[names[column]!, inferValue(cell)]])))
    },
  }
}

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
