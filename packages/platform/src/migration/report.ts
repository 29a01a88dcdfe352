/** How many records of a kind there were, and what became of them. */
export interface RecordCount {
  found: number
  /** Were not on this side before. */
  made: number
  changed: number
  unchanged: number
  /** Could not be taken; `differences` says why. */
  failed: number
}

export interface Difference {
  /** `run 0af3…`, `experiment 'iris'`, `model 'iris'`. */
  of: string
  /** What is not as it is on the other side, or why it could not be taken. */
  sentence: string
}

/** What was moved, and what is not as it was. */
export interface MigrationReport {
  peer: string
  project: string
  dryRun: boolean
  experiments: RecordCount
  runs: RecordCount
  loggedModels: RecordCount
  traces: RecordCount
  models: RecordCount
  versionsMade: number
  points: number
  files: number
  bytes: number
  differences: Difference[]
  notes: string[]
}

const noRecords = (): RecordCount => ({ found: 0, made: 0, changed: 0, unchanged: 0, failed: 0 })

export const newReport = (of: {
  peer: string
  project: string
  dryRun: boolean
  notes?: readonly string[]
}): MigrationReport => ({
  peer: of.peer,
  project: of.project,
  dryRun: of.dryRun,
  experiments: noRecords(),
  runs: noRecords(),
  loggedModels: noRecords(),
  traces: noRecords(),
  models: noRecords(),
  versionsMade: 0,
  points: 0,
  files: 0,
  bytes: 0,
  differences: [],
  notes: [...(of.notes ?? [])],
})

/** Called as often as something moves: it must be cheap. */
export type OnProgress = (report: Readonly<MigrationReport>) => void
