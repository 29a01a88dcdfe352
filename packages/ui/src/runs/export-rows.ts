import { printRunField, type RunField } from '@trainyard/contract'
import { fetchOrder, fetchRows, type TableScope } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'
import type { attributeColumns } from './columns.ts'
import { rowsPerChunk } from './use-run-rows.ts'

const fixed = ['id', 'name', 'project', 'experiment', 'state', 'owner', 'started', 'duration_seconds'] as const

/** RFC 4180; a value that a spreadsheet would take for a formula keeps its text behind an apostrophe. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const isNumber = text.trim() !== '' && !Number.isNaN(Number(text))
  const safe = /^[=+\-@\t\r]/.test(text) && !isNumber && text !== '-Infinity' ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const line = (values: readonly unknown[]): string => `${values.map(csvCell).join(',')}\r\n`

export const csvHead = (columns: readonly RunField[]): string => line([...fixed, ...columns.map(printRunField)])

/** What a line tells of a run. */
type ExportedRow = Pick<
  RunRow,
  | 'id'
  | 'name'
  | 'project'
  | 'experiment'
  | 'kind'
  | 'state'
  | 'owner'
  | 'host'
  | 'iteration'
  | 'startedAtMs'
  | 'endedAtMs'
  | 'values'
>

export function csvRow(row: ExportedRow, columns: readonly RunField[]): string {
  const { startedAtMs, endedAtMs } = row
  return line([
    row.id,
    row.name,
    row.project,
    row.experiment,
    row.state,
    row.owner,
    startedAtMs === null ? null : new Date(startedAtMs).toISOString(),
    startedAtMs === null || endedAtMs === null ? null : (endedAtMs - startedAtMs) / 1000,
    ...columns.map((field, at) =>
      field.scope === 'attribute' ? row[field.name as (typeof attributeColumns)[number]] : row.values[at],
    ),
  ])
}

/** All rows of a table as it is sorted, or those chosen, as one CSV file that the browser saves. */
export async function exportRows(options: {
  scope: TableScope
  columns: readonly RunField[]
  chosen: readonly RunRow[]
  signal: AbortSignal
  onProgress(done: number, total: number): void
}): Promise<void> {
  const { scope, columns, chosen, signal } = options
  const numbers = chosen.length > 0 ? chosen.map(({ number }) => number) : await fetchOrder(scope, signal)
  const written = columns.map(printRunField).join(',')
  const parts = [csvHead(columns)]
  // Ten chunks are a thousand rows, the most that the server gives at once.
  const step = rowsPerChunk * 10
  for (let at = 0; at < numbers.length; at += step) {
    const rows = await fetchRows(numbers.slice(at, at + step), written, signal)
    for (const row of rows) parts.push(csvRow(row, columns))
    options.onProgress(Math.min(at + step, numbers.length), numbers.length)
  }
  save(new Blob(parts, { type: 'text/csv;charset=utf-8' }), 'runs.csv')
}

export function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
