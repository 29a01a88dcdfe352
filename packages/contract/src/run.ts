import type { ArtifactKind, JournalInput, RunError } from './journal.ts'
import type { JsonObject, JsonValue } from './json.ts'
import type { RunState } from './states.ts'
import type { Task } from './task.ts'

/** `sweep` is a parent that owns iterations; `iteration` is one of its children (number ≥ 1). */
export type RunKind = 'run' | 'sweep' | 'iteration'

/** What a sweep may be extended to, in all. */
export const mostIterations = 100_000

/** How the process ended. `lost`: nobody saw the end. */
export type RunExit =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: string; outOfMemory?: boolean }
  | { kind: 'cancelled'; forced: boolean; by?: string }
  | { kind: 'timed_out'; afterMs: number }
  | { kind: 'lost'; lastSeenAtMs: number; host: string; note?: string }

/** The code a run executed, enough to find or rebuild it. */
export interface CodeVersion {
  file?: string
  handler?: string
  commandLine: string[]
  workingDirectory: string
  /** SHA-256 of the script's bytes, kept under that name when at most 1 MiB, so that an edited file can still be seen. */
  scriptSha256?: string
  /** SHA-256 of the uncommitted changes (`git diff HEAD`), whose text is kept under that name. */
  diffSha256?: string
  git?: { commit: string; branch?: string; remote?: string; root: string; dirty: boolean }
}

export interface EnvironmentInfo {
  interpreter?: JsonObject
  /** `name==version`, sorted. */
  packages?: string[]
  operatingSystem: string
  host: string
  cpuModel: string
  cpuCount: number
  memoryBytes: number
  gpus?: JsonObject[]
  /** Every automatic choice: which interpreter and why, which cached environment, what was set (`OMP_NUM_THREADS=1`). */
  choices: Record<string, string>
}

/** What holds for an iteration because its sweep keeps it for all of them. */
export interface SharedGround {
  /** The sweep. */
  run: { id: string; name: string }
  /** Null where the iteration has its own, or the sweep has none. */
  code: CodeVersion | null
  environment: EnvironmentInfo | null
}

/** Who watches the run, so that others can tell whether it still lives. `startTicks` guards against a reused pid. */
export interface Supervisor {
  host: string
  bootId: string
  pid: number
  startTicks: number
  heartbeatAtMs: number
  child?: { pid: number; startTicks: number }
  /** The run is a server's job: whoever finds it without its supervisor leaves its end to the queue. */
  queued?: true
  /** Where the run's journals are. Absent: in the data directory of whoever reads this. */
  dataDirectory?: string
}

export interface RunRecord {
  id: string
  name: string
  project: string
  experiment: string
  kind: RunKind
  parentId: string | null
  /** 0 for a run of its own, 1… for an iteration. */
  iteration: number
  state: RunState
  /** One sentence: why it is in this state, when there is something to say. */
  stateReason: string | null
  createdAtMs: number
  startedAtMs: number | null
  endedAtMs: number | null
  updatedAtMs: number
  owner: string
  host: string
  parameters: Record<string, JsonValue>
  /** Latest value of every metric and every other result. Numbers may be NaN or infinite. */
  results: Record<string, JsonValue>
  labels: Record<string, string>
  inputs: JournalInput[]
  code: CodeVersion | null
  environment: EnvironmentInfo | null
  exit: RunExit | null
  error: RunError | null
  /** Things the script asked for that could not be recorded. */
  problems: string[]
  /** The template it was started from, with secret sources instead of values. */
  task: Task | null
  outPath: string
  supervisor: Supervisor | null
  attempt: number
  /** For a sweep: number of iterations by state, and the best one. */
  sweep: SweepSummary | null
  /** How many runs lie right below it, iterations not counted: what MLflow's clients call nested runs. */
  nestedCount: number
  trashedAtMs: number | null
}

export interface SweepSummary {
  planned: number | null
  completed: number
  failed: number
  /** Stopped early, aborted or skipped. Absent in older records. */
  stopped?: number
  running: number
  bestIteration: number | null
  bestRunId: string | null
  seed: number | null
  stopReason: string | null
}

/** How many iterations of a sweep have ended, in whatever way. */
export const endedIterations = ({
  completed,
  failed,
  stopped = 0,
}: Pick<SweepSummary, 'completed' | 'failed' | 'stopped'>): number => completed + failed + stopped

export interface RunStateChange {
  state: RunState
  atMs: number
  reason: string | null
}

export interface MetricPoint {
  step: number
  timeMs: number
  /** May be NaN or ±Infinity. */
  value: number
}

export interface ArtifactRecord {
  /** Unique in the store. */
  id: string
  project: string
  key: string
  kind: ArtifactKind
  /** Producer: the run id. All artifacts of one run form one tree. */
  runId: string | null
  iteration: number
  tags: string[]
  labels: Record<string, string>
  /** Where the bytes are: an absolute path or a URL. */
  target: string
  format: string | null
  sizeBytes: number | null
  /** Of the file's bytes; for a directory, of its sorted listing of paths and hashes. */
  sha256: string | null
  metadata: JsonObject
  createdAtMs: number
}
