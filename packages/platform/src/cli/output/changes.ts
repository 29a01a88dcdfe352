import type { FieldChange } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { renderTable } from './table.ts'
import { visible } from './visible.ts'

type Looks = Pick<Cli, 'style' | 'width'>

/** Changed fields as a table; no lines without any. */
export function renderFields(
  fields: readonly FieldChange[],
  { style, width }: Looks,
  { before, after }: { before: string; after: string } = { before: 'before', after: 'after' },
): string[] {
  if (fields.length === 0) return []
  const columns = [{ header: 'field' }, { header: before, shrinkTo: 16 }, { header: after, shrinkTo: 16 }]
  const rows = fields.map((field) => [
    visible(field.path),
    { text: fieldText(field.before), style: style.red },
    { text: fieldText(field.after), style: style.green },
  ])
  return renderTable(columns, rows, { width, style })
}

const fieldText = (value: unknown): string =>
  value === null ? '-' : visible(typeof value === 'string' ? value : JSON.stringify(value))

/** The lines of a unified diff in their colors. */
export function renderLines(lines: readonly string[], { style }: Pick<Looks, 'style'>): string[] {
  const colors: Record<string, (text: string) => string> = { '-': style.red, '+': style.green, '@': style.cyan }
  return lines.map((line) => (colors[line[0] ?? ''] ?? style.dim)(visible(line)))
}
