import { unifiedDiff } from '../../functions/index.ts'
import type { ProjectDifference } from '../../projects/index.ts'
import type { Cli } from '../cli.ts'
import { renderFields, renderLines } from '../output/changes.ts'
import { visible } from '../output/visible.ts'

/** Each file that differs, and below it the fields or lines that do. */
export function renderDifferences(differences: readonly ProjectDifference[], cli: Pick<Cli, 'style' | 'width'>): string[] {
  return differences.flatMap(({ path, state, fields, lines }) => [
    `${visible(path)}: ${state}`,
    ...renderFields(fields, cli, { before: 'folder', after: 'records' }),
    ...renderLines(unifiedDiff(lines, { before: `${path} (folder)`, after: `${path} (records)` }), cli),
  ])
}
