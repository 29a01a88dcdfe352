import type { ArtifactRecord, JsonValue, RunRecord, RunState, SharedGround, SweepSummary } from '@trainyard/contract'

export type { ArtifactRecord, RunRecord, RunState }

/** A run that was asked for by its id, an iteration with what its sweep keeps for it. */
export type RunAlone = RunRecord & { shared: SharedGround | null }

/** A row of a table of runs. Numbers that JSON cannot hold are texts, see `readNumber`. */
export interface RunRow {
  number: number
  id: string
  name: string
  project: string
  experiment: string
  kind: 'run' | 'sweep' | 'iteration'
  parentId: string | null
  iteration: number
  state: RunState
  stateReason: string | null
  createdAtMs: number
  startedAtMs: number | null
  endedAtMs: number | null
  updatedAtMs: number
  owner: string
  host: string
  sweep: SweepSummary | null
  nestedCount: number
  values: (JsonValue | null)[]
}

export interface KeyFacts {
  scope: 'metrics' | 'params' | 'labels'
  name: string
  runCount: number
  distinctCount: number
  pointCount: number
  min: number | null
  max: number | null
}

export interface TableKeys {
  sampled: number
  facts: KeyFacts[]
  keys: { scope: 'metrics' | 'params' | 'labels'; name: string }[]
  /** Metrics that the sweeps among the runs look for. */
  goals: string[]
}

export interface Pulse {
  atMs: number
  newestNumber: number
  unfinished: number
  /** Grows with every change of any record. */
  change: number
}

export interface Counts {
  runs: number
  running: number
  failed: number
  sweeps: number
}

export interface SeriesInfo {
  key: string
  pointCount: number
  last: { step: number; timeMs: number; value: number | string }
  min: number | string | null
  max: number | string | null
}

export interface Points {
  run: string
  key: string
  steps: number[]
  timesMs: number[]
  values: number[]
}

export interface StateChange {
  state: RunState
  atMs: number
  reason: string | null
}
