import type { RunRow } from '../api/types.ts'

/** What a table of runs is asked for besides, as its last column, so that runs of one schedule can be told. */
export const scheduleColumn = 'labels.schedule'

/** How many older ones a line stands for. */
export interface Folded {
  schedule: string
  more: number
}

/** Runs of one schedule that follow one another become one line, the newest of them: else a schedule of every hour hides all that people do. */
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
  return { rows: kept, folded }
}
