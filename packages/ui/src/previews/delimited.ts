export interface DelimitedRows {
  rows: string[][]
  /** Characters up to the end of the last row. */
  length: number
}

/** Rows of CSV text, quotes and line breaks inside of them included; stops after `limit` rows. A last row without a break is one. */
export function parseDelimited(text: string, separator: string, limit: number): DelimitedRows {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const mark = text[at]!
    if (isQuoted) {
      if (mark !== '"') cell += mark
      else if (text[at + 1] === '"') {
        cell += '"'
        at++
      } else isQuoted = false
    } else if (mark === '"' && cell === '') isQuoted = true
    else if (mark === separator) {
      row.push(cell)
      cell = ''
    } else if (mark === '\n') {
      row.push(cell.replace(/\r$/, ''))
      rows.push(row)
      if (rows.length >= limit) return { rows, length: at + 1 }
      row = []
      cell = ''
    } else cell += mark
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell])
  return { rows, length: text.length }
}

/** The whole rows of a text that is cut anywhere: the last one may go on behind it. */
export function wholeRows(text: string, separator: string, limit: number): DelimitedRows {
  const parsed = parseDelimited(text, separator, limit)
  if (parsed.length < text.length || parsed.rows.length < 2) return parsed
  const { rows } = parsed
  return parseDelimited(text, separator, rows.length - 1)
}
