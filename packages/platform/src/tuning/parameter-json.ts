import type { JsonValue } from '@trainyard/contract'
import { PackedRows, type ParameterRows } from './parameter-rows.ts'

/** Refuses a file with one sentence that starts with its name and the line or row. */
export type FileComplaint = (problem: string, place?: { line?: number; row?: number }) => never

export const isRow = (value: unknown): value is Record<string, JsonValue> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every row must have the keys of the first one. */
export const checkRowKeys = (
  first: Readonly<Record<string, JsonValue>>,
  row: Readonly<Record<string, JsonValue>>,
  complain: (problem: string) => never,
): void => {
  let common = 0
  for (const key in row) {
    if (Object.hasOwn(first, key)) common++
    else complain(`${key} is not in the first row; every row needs the same keys`)
  }
  const keys = Object.keys(first)
  if (common === keys.length) return
  const missing = keys.find((key) => !Object.hasOwn(row, key))
  complain(`${missing} is missing; every row needs the same keys`)
}

/** One object per line; blank lines are passed over. */
export const readJsonLines = (bytes: Uint8Array, complain: FileComplaint): ParameterRows => {
  const rows = new PackedRows(bytes)
  let first: Record<string, JsonValue> | undefined
  let line = 0
  for (let start = 0; start < bytes.length;) {
    line++
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
    if (text.trim() !== '') {
      const row = parseLine(text, () => complain('it is not a JSON object', { line }))
      first ??= row
      checkRowKeys(first, row, (problem) => complain(problem, { line }))
      rows.add(start)
    }
    start = end + 1
  }
  if (first === undefined) return complain('the file is empty')
  return {
    keys: Object.keys(first),
    length: rows.length,
    row: (index) => JSON.parse(rows.text(index)) as Record<string, JsonValue>,
  }
}

const parseLine = (text: string, refuse: () => never): Record<string, JsonValue> => {
  let row: unknown
  try {
    row = JSON.parse(text)
  } catch {
    return refuse()
  }
  return isRow(row) ? row : refuse()
}
