import type { MigrationReport, RecordCount } from '../../migration/index.ts'
import type { Cli } from '../cli.ts'
import { countOf, formatBytes } from '../output/format.ts'
import { type Cell, renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'

const differencesShown = 50

const columns = [
  { header: '' },
  { header: 'there', align: 'right' },
  { header: 'new', align: 'right' },
  { header: 'changed', align: 'right' },
  { header: 'unchanged', align: 'right' },
  { header: 'failed', align: 'right' },
] as const

/** What was moved, then what is not as it was. */
export function reportPage({ style, width }: Cli, report: MigrationReport): string[] {
  const row = (name: string, count: RecordCount): Cell[] => [
    name,
    String(count.found),
    String(count.made),
    String(count.changed),
    String(count.unchanged),
    { text: String(count.failed), style: count.failed > 0 ? style.red : style.dim },
  ]
  const rows = [
    row('experiments', report.experiments),
    row('runs', report.runs),
    row('logged models', report.loggedModels),
    // Which not every place gives or takes.
    ...(report.traces.found > 0 ? [row('traces', report.traces)] : []),
    row('registered models', report.models),
  ]
  const moved = [
    countOf(report.points, 'point'),
    `${countOf(report.files, 'file')} (${formatBytes(report.bytes)})`,
    countOf(report.versionsMade, 'new version'),
  ]
  const lines = [...renderTable(columns, rows, { width, style }), '', `${moved.join(', ')}.`]
  if (report.dryRun) lines.push('Nothing was written: this was a dry run.')
  lines.push(...report.notes.map((note) => style.dim(visible(note))))
  if (report.differences.length === 0) return lines
  lines.push('', style.bold(`What differs (${report.differences.length}):`))
  for (const { of, sentence } of report.differences.slice(0, differencesShown))
    lines.push(`  ${visible(of)}: ${visible(sentence)}`)
  const rest = report.differences.length - differencesShown
  if (rest > 0) lines.push(style.dim(`  … and ${rest} more: --json shows all.`))
  return lines
}

/** Under the bar while it goes on. */
export const progressDetail = (report: Readonly<MigrationReport>): string =>
  [
    countOf(report.points, 'point'),
    ...(report.files > 0 ? [`${countOf(report.files, 'file')}, ${formatBytes(report.bytes)}`] : []),
  ].join(', ')
