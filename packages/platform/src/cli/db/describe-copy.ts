import type { CopiedTable } from '../../database/index.ts'
import { countOf } from '../output/format.ts'

/** `12 runs, 340 rows in all, read back and compared`. */
export function describeCopy(copied: readonly CopiedTable[]): string {
  const runs = copied.find(({ table }) => table === 'runs')?.rows ?? 0
  const rows = copied.reduce((sum, table) => sum + table.rows, 0)
  return `${countOf(runs, 'run')}, ${countOf(rows, 'row')} in all, read back and compared`
}
