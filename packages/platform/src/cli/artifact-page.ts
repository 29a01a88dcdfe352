import { type ArtifactRecord, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { formatBytes, formatNumber, formatTime, formatValue } from './output/format.ts'
import type { Style } from './output/style.ts'
import { type Cell, renderPairs, renderTable } from './output/table.ts'
import { visible } from './output/visible.ts'

/** What `artifacts show` prints. Statistics and previews of data sets become tables, the rest of the metadata one line each. */
export function artifactPage(artifact: ArtifactRecord, { style, width }: { style: Style; width: number | undefined }): string[] {
  const head: [string, Cell][] = [
    ['artifact', { text: visible(artifact.key), style: style.cyan }],
    ['kind', artifact.kind + (artifact.format === null ? '' : `, ${visible(artifact.format)}`)],
    ['project', visible(artifact.project)],
    ['tags', artifact.tags.map(visible).join(', ')],
    ['made', formatTime(artifact.createdAtMs) + (artifact.runId === null ? '' : ` by run ${artifact.runId}`)],
    ['size', artifact.sizeBytes === null ? 'not known' : `${formatBytes(artifact.sizeBytes)} (${artifact.sizeBytes} bytes)`],
    ['sha-256', artifact.sha256 ?? 'not known'],
    ['where', visible(artifact.target)],
    ...Object.entries(artifact.labels).map(([key, value]): [string, Cell] => [`label ${visible(key)}`, visible(value)]),
  ]
  const lines = renderPairs(
    head.filter(([, value]) => value !== ''),
    style,
  )
  const { stats, preview, header, rows, ...rest } = artifact.metadata
  const others = Object.entries(rest).map(([key, value]): [string, Cell] => [visible(key), formatValue(value, 200)])
  if (others.length > 0) lines.push('', style.bold('Metadata'), ...renderPairs(others, style, '  '))
  const columns = columnStatistics(stats)
  if (columns.length > 0) lines.push('', style.bold('Statistics'), ...statistics(columns, style, width))
  const table = previewTable({ header, rows, preview }, style, width)
  if (table.length > 0) lines.push('', style.bold('Preview'), ...table)
  return lines
}

type ColumnStatistics = [column: string, values: JsonObject]

/** The harnesses write a list of columns with their `name`; a table by column name is read too. */
function columnStatistics(stats: JsonValue | undefined): ColumnStatistics[] {
  if (isJsonObject(stats)) return Object.entries(stats).filter((entry): entry is ColumnStatistics => isJsonObject(entry[1]))
  if (!Array.isArray(stats)) return []
  return stats.filter(isJsonObject).map(({ name, ...values }): ColumnStatistics => [formatValue(name), values])
}

/** One line per column of the data set; histograms are for the dashboard. */
function statistics(columns: ColumnStatistics[], style: Style, width: number | undefined): string[] {
  const names = [...new Set(columns.flatMap(([, values]) => Object.keys(values)))].filter((name) =>
    columns.every(([, values]) => typeof values[name] !== 'object'),
  )
  const rows = columns.map(([column, values]) => [visible(column)].concat(names.map((name) => scalar(values[name]))))
  return renderTable(
    [
      { header: 'column', shrinkTo: 8 },
      ...names.map((header) => ({ header: visible(header), align: 'right', optional: true }) as const),
    ],
    rows,
    { style, width },
  )
}

const scalar = (value: JsonValue | undefined): string =>
  typeof value === 'number' ? formatNumber(value, 4) : formatValue(value, 20)

const previewRows = 10

function previewTable(
  table: Record<'header' | 'rows' | 'preview', JsonValue | undefined>,
  style: Style,
  width: number | undefined,
): string[] {
  const body = Array.isArray(table.preview) ? table.preview : table.rows
  if (!Array.isArray(body) || !body.every((row) => Array.isArray(row))) return []
  const header = Array.isArray(table.header) ? table.header : (body[0] ?? []).map((_, index) => String(index))
  const columns = header.map((name) => ({ header: formatValue(name, 30), shrinkTo: 6, optional: true }))
  const lines = renderTable(
    columns,
    body.slice(0, previewRows).map((row) => row.map((value) => formatValue(value, 30))),
    { style, width },
  )
  return body.length > previewRows ? [...lines, style.dim(`and ${body.length - previewRows} more rows`)] : lines
}
