import { type TableScope, windowQuery } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'

/** So many lines are shown, and so many runs read for them: those of one schedule share a line. */
const mostLines = 10
const runsRead = 60

/** Asked for besides, as the last column, so that runs of one schedule can be told. */
const scheduleColumn = 'labels.schedule'

/** The newest runs of a scope, for `foldSchedules`. */
export const newestQuery = (scope: TableScope, columns: string, mark: number) =>
  windowQuery(scope, columns === '' ? scheduleColumn : `${columns},${scheduleColumn}`, runsRead, mark)

/** How many older ones a line stands for. */
export interface Folded {
  schedule: string
  more: number
}

/** The first lines, where runs of one schedule that follow one another are one line, the newest of them: else a schedule of every hour hides all that people do. */
export function foldSchedules(rows: readonly RunRow[]): { rows: RunRow[]; folded: ReadonlyMap<string, Folded> } {
  const kept: RunRow[] = []
  const folded = new Map<string, Folded>()
  for (const row of rows) {
    const last = kept.at(-1)
    const schedule = row.values.at(-1)
    const isSame = typeof schedule === 'string' && schedule === last?.values.at(-1) && row.project === last.project
    if (!isSame) kept.push(row)
    else folded.set(last.id, { schedule, more: (folded.get(last.id)?.more ?? 0) + 1 })
  }
  return { rows: kept.slice(0, mostLines), folded }
}
