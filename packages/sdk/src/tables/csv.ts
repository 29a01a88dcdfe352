import { isMissing } from './statistics.ts'
import type { Table } from './table.ts'

const needsQuotes = /[",\r\n]|^\s|\s$/

function fieldText(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : `${value as number}`
}

export function csvField(value: unknown): string {
  if (isMissing(value)) return ''
  const text = fieldText(value)
  return text === '' || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** RFC 4180 with a header and `\n` line ends, in pieces of about 64 kB; missing values are empty, empty text is `""`. */
export function* csvPieces(table: Table): Generator<string> {
  const columns = table.names.map((name) => table.columns.get(name)!)
  let piece = `${table.names.map(csvField).join(',')}\n`
  for (let row = 0; row < table.rowCount; row++) {
    piece += `${columns.map((column) => csvField(column[row])).join(',')}\n`
    if (piece.length > 65_536) {
      yield piece
      piece = ''
    }
  }
  if (piece) yield piece
}
